package e2e_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	cfsslserver "github.com/trustgen/trustgen/test/e2e/cfssl"
)

// calls is a proxy in front of a cfssl server. It counts the requests for each key, and can hold
// the responses back.
type calls struct {
	url    string
	server *cfsslserver.Server
	client *http.Client

	gate sync.RWMutex // a response needs a read lock to pass

	mu     sync.Mutex
	asked  map[string]int // by public key
	held   int            // responses that are held back
	failed []error
}

func countCalls(t *testing.T, server *cfsslserver.Server) *calls {
	t.Helper()
	client, err := tls.X509KeyPair(server.Client.Cert, server.Client.Key)
	if err != nil {
		t.Fatal(err)
	}
	credential, err := server.TLS.Issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "calls"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err != nil {
		t.Fatal(err)
	}
	serving, err := tls.X509KeyPair(credential.Cert, credential.Key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(server.TLS.Cert)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{client}}, MaxIdleConnsPerHost: 16}
	c := &calls{server: server, client: &http.Client{Transport: transport}, asked: make(map[string]int)}
	front := httptest.NewUnstartedServer(c)
	front.TLS = &tls.Config{Certificates: []tls.Certificate{serving}}
	front.StartTLS()
	t.Cleanup(func() { front.Close(); transport.CloseIdleConnections() })
	c.url = front.URL
	return c
}

// ServeHTTP implements http.Handler.
func (c *calls) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status, answer, err := c.pass(r)
	if err != nil {
		c.mu.Lock()
		c.failed = append(c.failed, err)
		c.mu.Unlock()
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	c.wait()
	w.WriteHeader(status)
	_, _ = w.Write(answer) // the client may have been killed
}

// pass forwards a request to the server.
func (c *calls) pass(r *http.Request) (status int, answer []byte, err error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, nil, err
	}
	if strings.HasSuffix(r.URL.Path, "/authsign") {
		if err := c.count(body); err != nil {
			return 0, nil, err
		}
	}
	// The requester may be killed meanwhile. The call counts all the same.
	response, err := c.client.Post(c.server.URL+r.URL.Path, "application/json", bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}

func (c *calls) count(body []byte) error {
	var outer struct{ Request []byte }
	var inner struct {
		CSR string `json:"certificate_request"`
	}
	if err := json.Unmarshal(body, &outer); err != nil {
		return err
	}
	if err := json.Unmarshal(outer.Request, &inner); err != nil {
		return err
	}
	key, err := keyOf([]byte(inner.CSR))
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[key]++
	return nil
}

func (c *calls) wait() {
	c.mu.Lock()
	c.held++
	c.mu.Unlock()
	c.gate.RLock()
	defer c.gate.RUnlock()
	c.mu.Lock()
	c.held--
	c.mu.Unlock()
}

// holding returns how many responses are held back.
func (c *calls) holding() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held
}

// byKey returns how often the server was called to sign each key.
func (c *calls) byKey(t *testing.T) map[string]int {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, err := range c.failed {
		t.Errorf("a call was not forwarded: %v", err)
	}
	return maps.Clone(c.asked)
}

// keyOf returns the public key of a CSR.
func keyOf(csr []byte) (string, error) {
	block, _ := pem.Decode(csr)
	if block == nil {
		return "", errors.New("the CSR is not PEM")
	}
	parsed, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return "", err
	}
	return string(parsed.RawSubjectPublicKeyInfo), nil
}
