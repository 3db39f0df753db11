package view

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"io"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// Certificate is a CA, and the result of cross-sign.
type Certificate struct {
	Subject     string `json:"subject"`
	KeyType     string `json:"keyType"`
	NotBefore   string `json:"notBefore"`
	NotAfter    string `json:"notAfter"`
	Fingerprint string `json:"fingerprint"`
}

// NewCertificate is the view of a CA.
func NewCertificate(c mesh.Summary) *Certificate {
	return &Certificate{
		Subject:     c.Subject,
		KeyType:     string(c.KeyType),
		NotBefore:   term.Time(c.NotBefore),
		NotAfter:    term.Time(c.NotAfter),
		Fingerprint: c.Fingerprint,
	}
}

func newCertificates(certs []mesh.Summary) []*Certificate {
	var all []*Certificate
	for _, c := range certs {
		all = append(all, NewCertificate(c))
	}
	return all
}

// Table implements [Result].
func (c *Certificate) Table(w io.Writer) error { return writeCAs(w, c) }

// writeCAs writes a table of CAs; those that are nil are left out.
func writeCAs(w io.Writer, cas ...*Certificate) error {
	t := table{{"SUBJECT", "KEY", "NOT AFTER", "SHA-256"}}
	for _, c := range cas {
		if c != nil {
			t.add(c.Subject, c.KeyType, c.NotAfter, c.Fingerprint)
		}
	}
	return t.write(w)
}

// PublicKey identifies a key.
type PublicKey struct {
	Type string `json:"type"`
	// SHA256 is the hash of the SubjectPublicKeyInfo in hexadecimal.
	SHA256 string `json:"sha256"`
}

func newPublicKey(key any) *PublicKey {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return &PublicKey{Type: "unknown"}
	}
	return &PublicKey{Type: ca.DescribeKey(key), SHA256: Fingerprint(der)}
}

// Fingerprint is the SHA-256 of DER in hexadecimal.
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// Warning is a chain rule that an accepted CA breaks.
type Warning struct {
	Rule        ca.Rule `json:"rule"`
	Subject     string  `json:"subject"`
	Detail      string  `json:"detail"`
	Consequence string  `json:"consequence"`
}

func newWarnings(tolerated []*ca.Violation) []Warning {
	var all []Warning
	for _, v := range tolerated {
		all = append(all, Warning{v.Rule, ca.Describe(v.Cert), v.Detail, v.Consequence})
	}
	return all
}
