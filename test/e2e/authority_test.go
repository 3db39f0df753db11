package e2e_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net/url"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/verifiers"
)

// An authority signs with crypto/x509 alone, as istiod does.
type authority struct {
	cert  *x509.Certificate
	key   crypto.Signer
	chain []byte // PEM: the certificates that follow the leaf
	roots []byte // PEM: the roots that its workloads trust
}

// authorityFiles are the paths of the files of an authority.
type authorityFiles struct{ cert, key, chain, roots string }

// loadAuthority reads files that the program wrote. The bytes of chain and roots stay unchanged.
func loadAuthority(t *testing.T, f authorityFiles) *authority {
	t.Helper()
	a := &authority{chain: read(t, f.chain), roots: read(t, f.roots)}
	var err error
	if a.cert, err = x509.ParseCertificate(decode(t, f.cert, "CERTIFICATE")); err != nil {
		t.Fatalf("%s: %v", f.cert, err)
	}
	key, err := x509.ParsePKCS8PrivateKey(decode(t, f.key, "PRIVATE KEY"))
	if err != nil {
		t.Fatalf("%s: %v", f.key, err)
	}
	a.key = key.(crypto.Signer)
	return a
}

// subordinate issues an intermediate below a.
func (a *authority) subordinate(t *testing.T, template *x509.Certificate) *authority {
	t.Helper()
	key := newKey(t)
	cert := a.sign(t, key.Public(), template)
	return &authority{cert: cert, key: key, chain: slices.Concat(encode("CERTIFICATE", cert.Raw), a.chain), roots: a.roots}
}

// workload issues a leaf, and returns it with its chain and key.
func (a *authority) workload(t *testing.T, template *x509.Certificate) verifiers.Workload {
	t.Helper()
	key := newKey(t)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return verifiers.Workload{
		Roots: a.roots,
		Chain: slices.Concat(encode("CERTIFICATE", a.sign(t, key.Public(), template).Raw), a.chain),
		Key:   encode("PRIVATE KEY", der),
	}
}

// sign signs the template. Without a NotAfter the certificate is valid for an hour.
func (a *authority) sign(t *testing.T, key crypto.PublicKey, template *x509.Certificate) *x509.Certificate {
	t.Helper()
	template.NotBefore = time.Now().Add(-time.Minute)
	if template.NotAfter.IsZero() {
		template.NotAfter = template.NotBefore.Add(time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key, a.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// intermediateTemplate is an intermediate as the program should issue it.
func intermediateTemplate(pathLen int) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: "path length " + strconv.Itoa(pathLen)},
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLen:            pathLen,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
}

// leafTemplate is a certificate as istiod signs it: istiod's own for the server side, a
// workload's for the client side. The subject is empty, so crypto/x509 marks the names critical.
func leafTemplate(side verifiers.Side) *x509.Certificate {
	template := &x509.Certificate{
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	switch side {
	case verifiers.Server:
		template.DNSNames = []string{istiod.ServerName}
	case verifiers.Client:
		template.URIs = []*url.URL{{Scheme: "spiffe", Host: "cluster.local", Path: "/ns/foo/sa/bar"}}
	}
	return template
}

func newKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// decode returns the only PEM block of a file.
func decode(t *testing.T, file, blockType string) []byte {
	t.Helper()
	block, rest := pem.Decode(read(t, file))
	if block == nil || block.Type != blockType || len(rest) > 0 {
		t.Fatalf("%s: want one PEM block of type %s and nothing else", file, blockType)
	}
	return block.Bytes
}

func encode(blockType string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: blockType, Bytes: der})
}
