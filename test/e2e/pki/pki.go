package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"time"
)

// authority signs the certificates of one cluster. It uses crypto/x509 alone:
// what is under test must not vouch for the test-bed.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// credential is a certificate and its key, in PEM.
type credential struct{ cert, key []byte }

// lifetime is that of certificates and tokens: longer than any test.
const lifetime = 24 * time.Hour

func newAuthority(name string) (*authority, error) {
	key, _, err := newKey()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Minute),
		NotAfter:              time.Now().Add(lifetime),
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
	return &authority{cert: cert, key: key}, nil
}

// issue signs a certificate for a new key: template's names and extended key
// usages, with the validity and key usage that all leaves here have.
func (a *authority) issue(template *x509.Certificate) (credential, error) {
	key, keyPEM, err := newKey()
	if err != nil {
		return credential{}, err
	}
	leaf := *template
	leaf.NotBefore, leaf.NotAfter = a.cert.NotBefore, a.cert.NotAfter
	leaf.BasicConstraintsValid = true
	leaf.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, &leaf, a.cert, key.Public(), a.key)
	if err != nil {
		return credential{}, err
	}
	return credential{cert: certPEM(der), key: keyPEM}, nil
}

func (a *authority) pem() []byte { return certPEM(a.cert.Raw) }

// newKey returns a P-256 key, and the same in PEM: in the form of SEC 1, since
// from PKCS #8 the API server does not read the public key of a service
// account issuer.
func newKey() (*ecdsa.PrivateKey, []byte, error) {
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
