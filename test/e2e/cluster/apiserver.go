package cluster

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/process"
)

// StartAPIServer starts the API server again after its end, at the same address.
func (c *Cluster) StartAPIServer(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	port := c.port
	c.startAPIServer(ctx, t, func() int { return port })
}

// startAPIServer starts the API server and sets c.URL.
func (c *Cluster) startAPIServer(ctx context.Context, t testing.TB, free func() int) {
	t.Helper()
	spec := func() process.Spec {
		port := free()
		if port != c.port { // clients may be reading the files otherwise
			c.port, c.URL = port, fmt.Sprintf("https://127.0.0.1:%d", port)
		}
		return process.Spec{
			Name: c.Name + "-kube-apiserver",
			Path: c.apiServerBinary(t),
			Args: append(c.apiServerFlags(port), c.opts.APIServerFlags...),
			Dir:  c.dir,
			// It waits for clients that watch, also for those that outlive it.
			Grace: 3 * time.Second,
		}
	}
	var err error
	if c.APIServer, err = process.StartReady(ctx, t, spec, c.apiServerReady); err != nil {
		t.Fatal(err)
	}
}

// issuer is the issuer of tokens of service accounts, and the audience of tokens for the API
// server.
const issuer = "https://kubernetes.default.svc"

func (c *Cluster) apiServerFlags(port int) []string {
	return []string{
		"--etcd-servers=unix://" + c.etcdSocket(),

		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", port),
		"--tls-cert-file=" + c.credentials.path(servingCert),
		"--tls-private-key-file=" + c.credentials.path(servingKey),

		"--client-ca-file=" + c.credentials.path(caCert),
		"--anonymous-auth=false",
		"--authorization-mode=RBAC",
		"--service-account-issuer=" + issuer,
		"--api-audiences=" + issuer + ",istio-ca",
		"--service-account-key-file=" + c.credentials.path(serviceAccountKey),
		"--service-account-signing-key-file=" + c.credentials.path(serviceAccountKey),

		"--service-cluster-ip-range=10.96.0.0/24",
		"--endpoint-reconciler-type=none",
		// Pods would wait for a service account, which only the controller manager would create.
		"--disable-admission-plugins=ServiceAccount",
	}
}
