package e2e_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/cfssl"
	cfsslserver "github.com/trustgen/trustgen/test/e2e/cfssl"
)

// corporate is a root, and an issuing CA below it that a cfssl server uses.
type corporate struct {
	root    *ca.Authority
	issuing *ca.Authority
	server  cfsslserver.Options
}

const (
	firstKey  = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	secondKey = "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
)

func newCorporate(t *testing.T) *corporate {
	t.Helper()
	root, err := ca.NewRoot(ca.RootOptions{Key: newKey(t), Organization: "Example"})
	if err != nil {
		t.Fatal(err)
	}
	c := &corporate{root: root}
	c.renew(t)
	return c
}

// renew replaces the issuing CA of the server by another one below the same root.
func (c *corporate) renew(t *testing.T) {
	t.Helper()
	key := newKey(t)
	// It outlives intermediates of a year, which it issues a second later.
	profile, err := ca.Intermediate(ca.IntermediateOptions{PathLen: 1, Lifetime: 2 * ca.DefaultIntermediateLifetime})
	if err != nil {
		t.Fatal(err)
	}
	draft, err := c.root.Prepare(profile, ca.Request{PublicKey: key.Public(), CommonName: "issuing"})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := c.root.Issue(draft)
	if err != nil {
		t.Fatal(err)
	}
	if c.issuing, err = ca.Load(key, []*x509.Certificate{cert, c.root.Certificate()}, nil); err != nil {
		t.Fatal(err)
	}
	keyPEM, err := ca.MarshalKey(key)
	if err != nil {
		t.Fatal(err)
	}
	c.server = cfsslserver.Options{
		CACert:     ca.MarshalCertificates(cert),
		CAKey:      keyPEM,
		AuthKey:    firstKey,
		Names:      `^spiffe://cluster\.local/ns/[^/]+/sa/[^/]+$|^istiod\.istio-system\.svc$`,
		Lifetime:   time.Hour,
		CALifetime: 24 * time.Hour,
	}
}

// options returns the options of a client that uses the servers with a key.
func options(t *testing.T, key string, servers ...*cfsslserver.Server) cfssl.Options {
	t.Helper()
	authKey, err := cfssl.ParseAuthKey([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	client, err := tls.X509KeyPair(servers[0].Client.Cert, servers[0].Client.Key)
	if err != nil {
		t.Fatal(err)
	}
	o := cfssl.Options{
		AuthKey:             authKey,
		Profile:             cfsslserver.Workloads,
		IntermediateProfile: cfsslserver.Intermediates,
		RootCAs:             x509.NewCertPool(),
		ClientCertificate:   &client,
		Timeout:             5 * time.Second,
	}
	for _, s := range servers {
		o.URLs = append(o.URLs, s.URL)
		o.RootCAs.AddCert(s.TLS.Cert)
	}
	return o
}

func newIssuer(t *testing.T, o cfssl.Options) *cfssl.Issuer {
	t.Helper()
	i, err := cfssl.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// obtain requests the certificate of a workload, with a deadline of ten seconds.
func (c *corporate) obtain(t *testing.T, i issuer.Issuer) (*issuer.Chain, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return issuer.Obtain(ctx, i, request(t), issuer.ObtainOptions{Backend: "cfssl", Roots: c.root.Chain()})
}

func (c *corporate) mustObtain(t *testing.T, i issuer.Issuer) *issuer.Chain {
	t.Helper()
	chain, err := c.obtain(t, i)
	if err != nil {
		t.Fatal(err)
	}
	return chain
}

func request(t *testing.T) issuer.Request {
	t.Helper()
	key := newKey(t)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	return issuer.Request{
		CSR:          csr,
		PublicKey:    key.Public(),
		SPIFFEID:     spiffeid.RequireFromString(checkoutID),
		ExtKeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		Lifetime:     time.Hour,
	}
}

// assertTransient asserts that an error is transient: another try may succeed.
func assertTransient(t *testing.T, err error) {
	t.Helper()
	var permanent *issuer.PermanentError
	if err == nil || errors.As(err, &permanent) {
		t.Errorf("got the error %v, want a transient one", err)
	}
}
