package istiod

import (
	"context"
	"fmt"
	"net"
	"net/http"
)

// ready asks istiod whether it can serve. Another one that has its port would
// hardly have its second port too.
func (i *Istiod) ready(ctx context.Context) error {
	url := "http://" + i.probe + "/ready"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		return fmt.Errorf("GET %s: %w", url, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s, want 200", url, response.Status)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", i.Address)
	if err != nil {
		return err
	}
	return conn.Close()
}
