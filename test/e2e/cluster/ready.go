package cluster

import (
	"context"
	"net"
	"net/http"

	"github.com/trustgen/trustgen/test/e2e/process"
)

// etcdReady asks etcd whether it can serve.
func (c *Cluster) etcdReady(ctx context.Context) error {
	return process.Answers(ctx, "http://etcd/readyz", &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", c.etcdSocket())
		},
	})
}

// apiServerReady asks the API server whether it can serve, as the
// administrator. No other cluster's can answer: its certificate is not ours.
func (c *Cluster) apiServerReady(ctx context.Context) error {
	return process.Answers(ctx, c.URL+"/readyz", c.client.Transport)
}
