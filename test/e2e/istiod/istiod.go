// Package istiod runs the control plane of Istio for a test: pilot-discovery as a plain process
// beside the API server of its cluster.
//
// Differences from a pod: Start writes the files that a kubelet would mount, and a kubeconfig
// has the token of the service account.
package istiod

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/process"
)

// Settings of proxies: the DNS name by which they verify istiod, and the audience of their tokens.
const (
	ServerName = "istiod.istio-system.svc"
	Audience   = "istio-ca"
)

// Options changes the settings of an istiod. By default istiod creates a root and stores it in
// its cluster.
type Options struct {
	CA         map[string][]byte // the files of Secret cacerts; not mounted if nil
	RA         *RA               // makes it a registration authority without a CA
	MeshConfig map[string]any    // added to the configuration of the mesh
	Env        []string          // added to the environment, as NAME=value
	// Namespace is the only namespace that istiod serves, so that several can share a cluster; all
	// if empty.
	Namespace string

	port func(testing.TB) int // process.FreePort if nil
}

// Istiod is a running istiod, which ends with its test.
type Istiod struct {
	Cluster *cluster.Cluster
	Process *process.Process
	Address string // of gRPC over TLS, for certificates and XDS

	probe string // address of its readiness probe
	dir   string // its working directory
	opts  Options
}

// startTimeout is enough for the slowest machine; two idle cores need a second.
const startTimeout = time.Minute

// Start starts istiod in c, which Install has prepared. It returns when istiod is ready, and
// fails t otherwise.
func Start(t testing.TB, c *cluster.Cluster, opts Options) *Istiod {
	t.Helper()
	i, err := Try(t, c, opts)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// Try is Start for an istiod that may fail to start. It then returns an error and an Istiod
// whose process has ended; Process.Log has the reason.
func Try(t testing.TB, c *cluster.Cluster, opts Options) (*Istiod, error) {
	t.Helper()
	if opts.port == nil {
		opts.port = process.FreePort
	}
	i := &Istiod{Cluster: c, dir: process.Directory(t), opts: opts}
	i.writeFiles(t)
	if opts.RA != nil {
		opts.RA.authorize(t, c)
	}
	kubeconfig := c.ServiceAccountKubeconfig(t, account)

	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	var err error
	i.Process, err = process.StartReady(ctx, t, func() process.Spec { return i.spec(t, kubeconfig) }, i.ready)
	return i, err
}

// Restart ends istiod and starts it again with these files as its CA. Workloads keep using it,
// as they would behind a Service.
func (i *Istiod) Restart(t testing.TB, files map[string][]byte) {
	t.Helper()
	i.Process.Stop()
	opts := i.opts
	opts.CA = files
	*i = *Start(t, i.Cluster, opts)
}

// Revive starts istiod again if it has ended, as a kubelet does, and reports whether it had.
func (i *Istiod) Revive(t testing.TB) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	if err := i.Process.Ready(ctx, i.ready); err == nil {
		return false
	}
	i.Restart(t, i.opts.CA)
	return true
}

// Swap replaces the files of Secret cacerts atomically, as a kubelet does.
func (i *Istiod) Swap(t testing.TB, files map[string][]byte) {
	t.Helper()
	if err := i.cacerts().write(files); err != nil {
		t.Fatalf("%s: swap the files of its CA: %v", i.name(), err)
	}
}

func (i *Istiod) name() string { return i.Cluster.Name + "-istiod" }

func (i *Istiod) cacerts() volume { return volume(filepath.Join(i.dir, "etc/cacerts")) }

// spec is the process of istiod at free ports. All servers without TLS share a port.
func (i *Istiod) spec(t testing.TB, kubeconfig string) process.Spec {
	t.Helper()
	address := func() string { return fmt.Sprintf("127.0.0.1:%d", i.opts.port(t)) }
	i.Address, i.probe = address(), address()
	return process.Spec{
		Name: i.name(),
		Path: process.Built(t, Binaries, "pilot-discovery"),
		Args: []string{
			"discovery",
			"--kubeconfig=" + kubeconfig,
			"--clusterID=" + i.Cluster.Name,
			"--meshConfig=" + i.meshConfig(),
			"--secureGRPCAddr=" + i.Address,
			"--httpAddr=" + i.probe,
			"--httpsAddr=", "--grpcAddr=", "--monitoringAddr=",
			"--ctrlz_address=127.0.0.1", "--ctrlz_port=0",
		},
		Env: i.env(),
		Dir: i.dir,
	}
}
