// Package cluster runs Kubernetes for a test: etcd and kube-apiserver as plain
// processes on loopback, which store and serve what a real cluster does.
// Nothing else runs: no controller, no scheduler, no kubelet.
package cluster

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/process"
)

// Options is how a cluster differs from the usual one.
type Options struct {
	Name           string   // tells apart the clusters of one test; "cluster" if empty
	APIServerFlags []string // added to the usual ones

	port func(testing.TB) int // process.FreePort if nil
}

// Cluster is a running cluster, which ends with its test.
type Cluster struct {
	Name       string
	URL        string // of the API server
	Kubeconfig string // path of the administrator's kubeconfig (group system:masters)

	Etcd, APIServer *process.Process

	dir  string // everything the cluster keeps on disk
	pki  *pki
	opts Options
}

// startTimeout is for the slowest machine; two idle cores need 3 seconds.
const startTimeout = 2 * time.Minute

// Start starts a cluster and returns when it is ready, or fails t.
func Start(t testing.TB, opts Options) *Cluster {
	t.Helper()
	if opts.Name == "" {
		opts.Name = "cluster"
	}
	if opts.port == nil {
		opts.port = process.FreePort
	}
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()

	c := &Cluster{Name: opts.Name, dir: directory(t), opts: opts}
	var err error
	if c.pki, err = newPKI(c.dir); err != nil {
		t.Fatalf("%s: make its certificates: %v", c.Name, err)
	}
	c.startEtcd(ctx, t)
	c.startAPIServer(ctx, t)
	c.writeKubeconfig(t)
	return c
}

func (c *Cluster) writeKubeconfig(t testing.TB) {
	t.Helper()
	config, err := c.pki.adminKubeconfig(c.URL)
	if err != nil {
		t.Fatalf("%s: make its kubeconfig: %v", c.Name, err)
	}
	c.Kubeconfig = filepath.Join(c.dir, "admin.kubeconfig")
	if err := os.WriteFile(c.Kubeconfig, config, 0o600); err != nil {
		t.Fatal(err)
	}
}

// directory returns a new directory that goes with t. It is not t.TempDir,
// because that carries the name of the test and a socket's path has room for
// some 100 bytes.
func directory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cluster-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove the cluster's directory: %v", err)
		}
	})
	return dir
}

// binary returns the path of one of the programs that test/servers/build.sh
// built. Without it t fails: a skipped end-to-end test would prove nothing.
func binary(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("TRUSTGEN_E2E_KUBE")
	if dir == "" {
		t.Fatal("TRUSTGEN_E2E_KUBE does not name the directory with etcd, kube-apiserver and kubectl: run `make e2e`")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("TRUSTGEN_E2E_KUBE: %v: run `make e2e`", err)
	}
	return path
}
