package cfssl

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/cloudflare/cfssl/info"
)

// Limits of a response.
const (
	// MaxResponse is the maximum size of a response body, in bytes.
	MaxResponse = 1 << 20
	maxHeader   = 64 << 10
)

// server is one cfssl server.
type server struct {
	base        *url.URL
	client      *http.Client
	timeout     time.Duration
	authorities map[kind]*authority
}

func newServer(base *url.URL, client *http.Client, timeout time.Duration) *server {
	return &server{
		base:        base,
		client:      client,
		timeout:     timeout,
		authorities: map[kind]*authority{workload: newAuthority(), intermediate: newAuthority()},
	}
}

func (s *server) String() string { return s.base.String() }

func (s *server) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", s, err)
}

func newClient(o Options) *http.Client {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.RootCAs != nil {
		config.RootCAs = o.RootCAs.Clone()
	}
	if o.ClientCertificate != nil {
		config.Certificates = []tls.Certificate{*o.ClientCertificate}
	}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            (&net.Dialer{Timeout: o.Timeout}).DialContext,
			TLSClientConfig:        config,
			TLSHandshakeTimeout:    o.Timeout,
			DisableCompression:     true, // so that MaxResponse limits the memory
			MaxIdleConnsPerHost:    8,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: maxHeader,
		},
	}
}

// sign requests a certificate.
func (s *server) sign(ctx context.Context, k kind, body []byte) (*x509.Certificate, error) {
	status, data, err := s.exchange(ctx, "authsign", body)
	if err != nil {
		return nil, err
	}
	return parseSigned(k, status, data)
}

// info requests the certificate of the CA.
func (s *server) info(ctx context.Context, r info.Req) (*x509.Certificate, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	status, data, err := s.exchange(ctx, "info", body)
	if err == nil {
		var cert *x509.Certificate
		if cert, err = parseInfo(status, data); err == nil {
			return cert, nil
		}
	}
	return nil, fmt.Errorf("get its CA: %w", err)
}

// exchange sends one request. A timeout is another error than that of the context of the
// caller.
func (s *server) exchange(ctx context.Context, endpoint string, body []byte) (status int, data []byte, err error) {
	bounded, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	status, data, err = s.post(bounded, endpoint, body)
	if err != nil && bounded.Err() != nil && ctx.Err() == nil {
		return 0, nil, fmt.Errorf("no response within %s", s.timeout)
	}
	return status, data, err
}

func (s *server) post(ctx context.Context, endpoint string, body []byte) (int, []byte, error) {
	address := s.base.JoinPath("api", "v1", "cfssl", endpoint).String()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	// Not sent: it lets net/http repeat a request on a new connection when a server
	// that was restarted has closed the old one.
	request.Header["Idempotency-Key"] = nil
	response, err := s.client.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // it repeats the address
		}
		return 0, nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(io.LimitReader(response.Body, MaxResponse+1))
	switch {
	case err != nil:
		return 0, nil, fmt.Errorf("read the response: %w", err)
	case len(data) > MaxResponse:
		return 0, nil, fmt.Errorf("the response is larger than %d bytes", MaxResponse)
	}
	return response.StatusCode, data, nil
}
