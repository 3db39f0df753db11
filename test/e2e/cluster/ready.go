package cluster

import (
	"context"
	"net"
	"net/http"

	"github.com/trustgen/trustgen/test/e2e/process"
)

// etcdReady returns nil if etcd serves.
func (c *Cluster) etcdReady(ctx context.Context) error {
	return process.Answers(ctx, "http://etcd/readyz", &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", c.etcdSocket())
		},
	})
}

// apiServerReady returns nil if the API server serves the administrator. Another cluster's API
// server has another certificate and fails.
func (c *Cluster) apiServerReady(ctx context.Context) error {
	return process.Answers(ctx, c.URL+"/readyz", c.client.Transport)
}
