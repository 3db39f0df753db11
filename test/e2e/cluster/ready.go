package cluster

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
)

// etcdReady asks etcd whether it can serve.
func (c *Cluster) etcdReady(ctx context.Context) error {
	return get(ctx, "http://etcd/readyz", &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", c.etcdSocket())
		},
	})
}

// apiServerReady asks the API server whether it can serve, as the
// administrator. No other cluster's can answer: its certificate is not ours.
func (c *Cluster) apiServerReady(ctx context.Context) error {
	return get(ctx, c.URL+"/readyz", c.client.Transport)
}

// get returns nil if url answers 200.
func get(ctx context.Context, url string, transport http.RoundTripper) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return fmt.Errorf("GET %s: %w", url, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("GET %s: %w", url, err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s, want 200:\n%s", url, response.Status, body)
	}
	return nil
}
