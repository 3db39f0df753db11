package mesh

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// ID identifies a certificate by its issuer and serial number (RFC 5280 §4.1.2.2). A CRL
// revokes certificates by it.
type ID struct {
	issuer, serial string // the DER of the name, and the decimal number
}

// Certificate is one certificate of a CA.
type Certificate struct {
	*x509.Certificate
	ID ID
}

func newCertificate(cert *x509.Certificate) *Certificate {
	return &Certificate{cert, ID{string(cert.RawIssuer), cert.SerialNumber.String()}}
}

// Summary is what people compare of a certificate.
type Summary struct {
	// Subject is the common name, tag included.
	Subject string
	// KeyType is one of [ca.KeyTypes], or another one such as "RSA-2048" for a CA of another
	// program.
	KeyType   ca.KeyType
	NotBefore time.Time
	NotAfter  time.Time
	// Fingerprint is the SHA-256 of the certificate in hexadecimal.
	Fingerprint string
}

// Summarize returns the summary of a certificate.
func Summarize(cert *x509.Certificate) Summary {
	sum := sha256.Sum256(cert.Raw)
	return Summary{
		Subject:     ca.Describe(cert),
		KeyType:     ca.KeyType(ca.DescribeKey(cert.PublicKey)),
		NotBefore:   cert.NotBefore,
		NotAfter:    cert.NotAfter,
		Fingerprint: hex.EncodeToString(sum[:]),
	}
}
