package process

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// Answers is a probe: it returns nil if url responds to a GET with 200. With a nil transport no
// connection is kept.
func Answers(ctx context.Context, url string, transport http.RoundTripper) error {
	if transport == nil {
		transport = &http.Transport{DisableKeepAlives: true}
	}
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
