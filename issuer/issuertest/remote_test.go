package issuertest

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/issuer"
)

// wire is a request to the test server, or its reply.
type wire struct {
	CSR, Key  []byte
	ID        string
	DNSNames  []string
	Usages    []x509.ExtKeyUsage
	Lifetime  time.Duration
	Chain     [][]byte
	Permanent bool
	Error     string
}

// serve starts a TLS server in front of the reference backend. It outlives the proxies.
func serve(t *testing.T, g *reference) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /sign", func(w http.ResponseWriter, r *http.Request) {
		var message wire
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		chain, err := g.sign(r.Context(), message)
		reply := wire{Permanent: isA[*issuer.PermanentError](err)}
		if err != nil {
			reply.Error = err.Error()
		} else {
			for _, cert := range chain.Certificates {
				reply.Chain = append(reply.Chain, cert.Raw)
			}
		}
		_ = json.NewEncoder(w).Encode(reply)
	})
	server := httptest.NewUnstartedServer(mux)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func (g *reference) sign(ctx context.Context, m wire) (*issuer.Chain, error) {
	key, err := x509.ParsePKIXPublicKey(m.Key)
	if err != nil {
		return nil, err
	}
	r := issuer.Request{CSR: m.CSR, PublicKey: key, DNSNames: m.DNSNames, ExtKeyUsages: m.Usages, Lifetime: m.Lifetime}
	if m.ID != "" {
		if r.SPIFFEID, err = spiffeid.FromString(m.ID); err != nil {
			return nil, err
		}
	}
	return g.Issue(ctx, r)
}

// remote is a client of that server.
type remote struct {
	client *http.Client
	base   string
}

func dial(t *testing.T, server *httptest.Server, proxy *Proxy) *remote {
	t.Helper()
	transport := server.Client().Transport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	return &remote{client: &http.Client{Transport: transport}, base: "https://" + proxy.Via(server.Listener.Addr().String())}
}

func (c *remote) Check(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/health", http.NoBody)
	if err != nil {
		return err
	}
	response, err := c.client.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func (c *remote) Issue(ctx context.Context, r issuer.Request) (*issuer.Chain, error) {
	message := wire{CSR: r.CSR, DNSNames: r.DNSNames, Usages: r.ExtKeyUsages, Lifetime: r.Lifetime}
	if r.SPIFFEID != (spiffeid.ID{}) {
		message.ID = r.SPIFFEID.String()
	}
	var err error
	if message.Key, err = x509.MarshalPKIXPublicKey(r.PublicKey); err != nil {
		return nil, err
	}
	reply, err := c.post(ctx, message)
	switch {
	case err != nil:
		return nil, err
	case reply.Permanent:
		return nil, &issuer.PermanentError{Reason: "Refused", Err: errors.New(reply.Error)}
	case reply.Error != "":
		return nil, errors.New(reply.Error)
	}
	chain, err := x509.ParseCertificates(bytes.Join(reply.Chain, nil))
	return &issuer.Chain{Certificates: chain}, err
}

func (c *remote) post(ctx context.Context, message wire) (wire, error) {
	var reply wire
	body, err := json.Marshal(message)
	if err != nil {
		return reply, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/sign", bytes.NewReader(body))
	if err != nil {
		return reply, err
	}
	response, err := c.client.Do(request)
	if err != nil {
		return reply, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return reply, fmt.Errorf("the CA returned %s", response.Status)
	}
	err = json.NewDecoder(response.Body).Decode(&reply)
	return reply, err
}

func networkClaims() Capabilities {
	c := everything()
	c.Intermediates, c.Constraints, c.Network = false, false, true
	return c
}

func TestRun_ReferenceBackendOverTheNetwork(t *testing.T) {
	t.Parallel()
	g := newReference(t)
	server := serve(t, g)
	got := Run(t, func(t *testing.T, proxy *Proxy) Backend { return g.backend(dial(t, server, proxy)) }, networkClaims())
	if got.Intermediates != "none" || got.Constraints != "not tried" {
		t.Errorf("the report is %s", got)
	}
}
