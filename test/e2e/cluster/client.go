package cluster

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/pki"
)

// As returns the same cluster with the API client of another user: a client certificate with
// this name and these groups. They may be any text, including text that no header could carry.
func (c *Cluster) As(t testing.TB, name string, groups ...string) *Cluster {
	t.Helper()
	other := *c
	other.client = c.newClient(t, c.newUser(t, name, groups))
	return &other
}

// AsServiceAccount returns the same cluster with the API client of a service account, which must
// exist.
func (c *Cluster) AsServiceAccount(t testing.TB, account ServiceAccount) *Cluster {
	t.Helper()
	token, err := c.Token(t.Context(), account, issuer)
	if err != nil {
		t.Fatal(err)
	}
	other := *c
	other.client = &http.Client{Transport: bearer{token, c.newTransport(t)}}
	return &other
}

// newUser creates a client certificate.
func (c *Cluster) newUser(t testing.TB, name string, groups []string) pki.Credential {
	t.Helper()
	user, err := c.credentials.ca.Issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: name, Organization: groups},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		t.Fatalf("%s: create a certificate for user %q: %v", c.Name, name, err)
	}
	return user
}

// newClient returns a client that authenticates as user and verifies the API server.
func (c *Cluster) newClient(t testing.TB, user pki.Credential) *http.Client {
	t.Helper()
	cert, err := tls.X509KeyPair(user.Cert, user.Key)
	if err != nil {
		t.Fatalf("%s: the certificate of a client: %v", c.Name, err)
	}
	return &http.Client{Transport: c.newTransport(t, cert)}
}

func (c *Cluster) newTransport(t testing.TB, certs ...tls.Certificate) *http.Transport {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(c.credentials.ca.Cert)
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{Certificates: certs, RootCAs: roots},
		MaxIdleConnsPerHost: 16, // a test may have that many workers
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// bearer adds a token to requests.
type bearer struct {
	token string
	next  http.RoundTripper
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(r)
}
