// Package pki creates the certificates by which servers and their clients authenticate each
// other. It uses crypto/x509 alone, so that the test-bed does not depend on the code under test.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"time"
)

// Authority signs the certificates of one test-bed.
type Authority struct {
	Cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Credential is a certificate and its key, in PEM.
type Credential struct{ Cert, Key []byte }

// Lifetime of the certificates is longer than any test.
const Lifetime = 24 * time.Hour

// New creates an authority with a new key.
func New(name string) (*Authority, error) {
	key, _, err := NewKey()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Minute),
		NotAfter:              time.Now().Add(Lifetime),
		BasicConstraintsValid: true,
		IsCA:                  true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &Authority{Cert: cert, key: key}, nil
}

// Issue signs a certificate for a new key, with the names and extended usages of template, and
// the validity and key usage of all leaves here.
func (a *Authority) Issue(template *x509.Certificate) (Credential, error) {
	key, keyPEM, err := NewKey()
	if err != nil {
		return Credential{}, err
	}
	leaf := *template
	leaf.NotBefore, leaf.NotAfter = a.Cert.NotBefore, a.Cert.NotAfter
	leaf.BasicConstraintsValid = true
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, &leaf, a.Cert, key.Public(), a.key)
	if err != nil {
		return Credential{}, err
	}
	return Credential{Cert: certPEM(der), Key: keyPEM}, nil
}

// PEM is the certificate of the authority.
func (a *Authority) PEM() []byte { return certPEM(a.Cert.Raw) }

// NewKey returns a P-256 key, and the same in PEM as SEC 1: the API server does not read the
// public key of a service account issuer from PKCS #8.
func NewKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

func certPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
