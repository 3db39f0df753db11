// Package istiod runs Istio's control plane for a test: pilot-discovery as a
// plain process beside the API server of its cluster.
//
// What differs from a pod: the files that a kubelet would mount are written
// by Start, and the token of its service account comes in a kubeconfig.
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

// What proxies know of istiod: the DNS name that they verify, and the audience
// of the tokens that they show.
const (
	ServerName = "istiod.istio-system.svc"
	Audience   = "istio-ca"
)

// Options is how an istiod differs from the usual one. With none of them it
// makes a root for itself and keeps that in its cluster.
type Options struct {
	CA         map[string][]byte // the files of Secret cacerts; not mounted if nil
	RA         *RA               // makes it a registration authority, which signs nothing itself
	MeshConfig map[string]any    // added to the mesh's configuration
	Env        []string          // added to the environment, as NAME=value
	// Namespace is the only one that it knows of, so that several can share a cluster; it
	// knows all of them if that is empty.
	Namespace string

	port func(testing.TB) int // process.FreePort if nil
}

// Istiod is a running istiod, which ends with its test.
type Istiod struct {
	Cluster *cluster.Cluster
	Process *process.Process
	Address string // of gRPC over TLS, for certificates and XDS

	probe string // address where it says whether it is ready
	dir   string // its working directory
	opts  Options
}

// startTimeout is for the slowest machine; two idle cores need a second.
const startTimeout = time.Minute

// Start starts istiod in c, which Install has prepared, and returns when it is
// ready, or fails t.
func Start(t testing.TB, c *cluster.Cluster, opts Options) *Istiod {
	t.Helper()
	i, err := Try(t, c, opts)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// Try is Start for an istiod that may refuse to run. It then returns an error
// and an Istiod whose process has ended; why is in Process.Log.
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

// Restart ends istiod and starts it again with these files as its CA. Workloads go
// on with it, as they would behind a Service.
func (i *Istiod) Restart(t testing.TB, files map[string][]byte) {
	t.Helper()
	i.Process.Stop()
	opts := i.opts
	opts.CA = files
	*i = *Start(t, i.Cluster, opts)
}

// Revive starts istiod again where it has died, as a kubelet does, and reports whether it
// had.
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

// Swap replaces the files of Secret cacerts as a kubelet does, all at once.
func (i *Istiod) Swap(t testing.TB, files map[string][]byte) {
	t.Helper()
	if err := i.cacerts().write(files); err != nil {
		t.Fatalf("%s: swap the files of its CA: %v", i.name(), err)
	}
}

func (i *Istiod) name() string { return i.Cluster.Name + "-istiod" }

func (i *Istiod) cacerts() volume { return volume(filepath.Join(i.dir, "etc/cacerts")) }

// spec is how to run istiod at ports that are free. Everything that needs no
// TLS shares one of them.
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
