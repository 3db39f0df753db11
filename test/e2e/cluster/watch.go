package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Watch calls see with all objects of the collection at path, and with each later change; what
// is the type of the event, such as ADDED. It returns an error when the API server or the
// context ends the watch.
func (c *Cluster) Watch(ctx context.Context, path string, see func(what string, object json.RawMessage)) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+path+"?watch=true", nil)
	if err != nil {
		return err
	}
	response, err := c.client.Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: watch %s: %s", c.Name, path, response.Status)
	}
	for events := json.NewDecoder(response.Body); ; {
		var event struct {
			Type   string
			Object json.RawMessage
		}
		if err := events.Decode(&event); err != nil {
			return fmt.Errorf("%s: watch %s: %w", c.Name, path, err)
		}
		see(event.Type, event.Object)
	}
}
