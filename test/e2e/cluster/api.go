package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Object is a Kubernetes object, or a part of one, as in JSON.
type Object map[string]any

// StatusError is the API server's refusal of a request.
type StatusError struct {
	Request string // method and path
	Code    int    // of HTTP
	Message string
}

func (e *StatusError) Error() string { return fmt.Sprintf("%s: %d: %s", e.Request, e.Code, e.Message) }

// Get reads the object at path into out, a pointer.
func (c *Cluster) Get(ctx context.Context, path string, out any) error {
	return c.request(ctx, http.MethodGet, path, "", nil, out)
}

// Create posts in to path and reads the response into out, a pointer.
func (c *Cluster) Create(ctx context.Context, path string, in, out any) error {
	return c.request(ctx, http.MethodPost, path, "application/json", in, out)
}

// Update puts in to path and reads the response into out, a pointer.
func (c *Cluster) Update(ctx context.Context, path string, in, out any) error {
	return c.request(ctx, http.MethodPut, path, "application/json", in, out)
}

// Delete deletes the object at path.
func (c *Cluster) Delete(ctx context.Context, path string) error {
	return c.request(ctx, http.MethodDelete, path, "", nil, new(Object))
}

// Apply applies in to path, as a server-side apply.
func (c *Cluster) Apply(ctx context.Context, path string, in any) error {
	const applier = "?fieldManager=e2e&force=true"
	return c.request(ctx, http.MethodPatch, path+applier, "application/apply-patch+yaml", in, new(Object))
}

// request sends a request to the API server. Its error may be a *StatusError.
func (c *Cluster) request(ctx context.Context, method, path, contentType string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", contentType)
	response, err := c.client.Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("%s: %s %s: %w", c.Name, method, path, err)
	}
	if response.StatusCode >= http.StatusBadRequest {
		return &StatusError{Request: c.Name + ": " + method + " " + path, Code: response.StatusCode, Message: string(answer)}
	}
	return json.Unmarshal(answer, out)
}
