// Package cluster runs Kubernetes for a test: etcd and kube-apiserver as plain processes on
// loopback. There is no controller, no scheduler and no kubelet.
package cluster

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/process"
)

// Options changes the settings of a cluster.
type Options struct {
	Name           string   // distinguishes the clusters of a test; "cluster" if empty
	APIServerFlags []string // added to the usual ones
	Kubernetes     string   // version of the API server: Kubernetes136, or the newest if empty

	port func(testing.TB) int // process.FreePort if nil
}

// Cluster is a running cluster, which ends with its test.
type Cluster struct {
	Name       string
	URL        string // of the API server
	Kubeconfig string // path of the administrator's kubeconfig (group system:masters)

	Etcd, APIServer *process.Process

	port        int    // of the API server
	dir         string // all files of the cluster
	credentials *credentials
	client      *http.Client // the administrator's, unless As returned it
	opts        Options
}

// startTimeout is enough for the slowest machine; two idle cores need 3 seconds.
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

	c := &Cluster{Name: opts.Name, dir: process.Directory(t), opts: opts}
	var err error
	if c.credentials, err = newCredentials(c.dir); err != nil {
		t.Fatalf("%s: create its certificates: %v", c.Name, err)
	}
	c.client = c.newClient(t, c.credentials.admin)
	c.startEtcd(ctx, t)
	c.startAPIServer(ctx, t, func() int { return opts.port(t) })
	c.Kubeconfig = c.writeKubeconfig(t, "admin", byCertificate(c.credentials.admin))
	return c
}

// Kubernetes136 is the previous version of Kubernetes.
const Kubernetes136 = "1.36"

// apiServerBinary returns the path of the API server of the selected version.
func (c *Cluster) apiServerBinary(t testing.TB) string {
	t.Helper()
	if c.opts.Kubernetes == Kubernetes136 {
		return process.Built(t, "TRUSTGEN_E2E_KUBE136", "kube-apiserver")
	}
	return binary(t, "kube-apiserver")
}

// binary returns the path of a program of the newest Kubernetes.
func binary(t testing.TB, name string) string {
	t.Helper()
	return process.Built(t, "TRUSTGEN_E2E_KUBE", name)
}
