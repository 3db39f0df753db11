package e2e_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net/url"
	"testing"

	certificatesv1 "k8s.io/api/certificates/v1"
)

// newCSR returns a CSR for a SPIFFE ID, with a new key.
func newCSR(t *testing.T, id string) []byte {
	t.Helper()
	uri, err := url.Parse(id)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{URIs: []*url.URL{uri}}, newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

// assertLeaf asserts that a request got a certificate for its key and this SPIFFE ID alone,
// which chains to the root.
func assertLeaf(t *testing.T, r *certificatesv1.CertificateSigningRequest, root *x509.Certificate, id string) {
	t.Helper()
	chain := parseChain(t, r.Status.Certificate)
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(root)
	for _, cert := range chain[1:] {
		intermediates.AddCert(cert)
	}
	block, _ := pem.Decode(r.Spec.Request)
	asked, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		t.Errorf("%s: %v", r.Name, err)
	}
	if len(chain[0].URIs) != 1 || chain[0].URIs[0].String() != id || !bytes.Equal(chain[0].RawSubjectPublicKeyInfo, asked.RawSubjectPublicKeyInfo) {
		t.Errorf("%s: the certificate is for %v, or another key", r.Name, chain[0].URIs)
	}
}

// parseChain reads certificates in PEM.
func parseChain(t *testing.T, data []byte) []*x509.Certificate {
	t.Helper()
	var chain []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		chain = append(chain, cert)
	}
	if len(chain) == 0 {
		t.Fatalf("%q has no certificate", data)
	}
	return chain
}
