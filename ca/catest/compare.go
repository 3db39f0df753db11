package catest

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// ByContent compares the contents of certificates as values; pointers compare by their Equal
// method. It ignores fields that differ between two issuances or repeat other fields:
// encodings, signatures, serial numbers and key identifiers.
func ByContent() cmp.Options {
	return cmp.Options{
		cmpopts.IgnoreFields(x509.Certificate{},
			"Raw", "RawTBSCertificate", "RawSubjectPublicKeyInfo", "RawSubject", "RawIssuer",
			"Signature", "SerialNumber", "PublicKey", "SubjectKeyId", "AuthorityKeyId", "Extensions"),
		cmpopts.IgnoreFields(pkix.Name{}, "Names"),
		cmpopts.EquateEmpty(),
	}
}

// Identical compares certificates by their encoding.
func Identical() cmp.Option {
	return cmp.Comparer(func(a, b *x509.Certificate) bool { return a.Equal(b) })
}

// Dump writes all signed fields of a certificate, one a line, for goldens.
func Dump(cert *x509.Certificate) string {
	var b strings.Builder
	line := func(name string, value any) { fmt.Fprintf(&b, "%-20s %v\n", name, value) }
	line("version", cert.Version)
	line("serial", cert.SerialNumber.Text(16))
	line("signature", cert.SignatureAlgorithm)
	line("issuer", cert.Issuer)
	line("not before", cert.NotBefore.UTC())
	line("not after", cert.NotAfter.UTC())
	line("subject", cert.Subject)
	line("public key", hex.EncodeToString(cert.RawSubjectPublicKeyInfo))
	for _, e := range cert.Extensions {
		critical := ""
		if e.Critical {
			critical = "critical "
		}
		line("extension "+e.Id.String(), critical+hex.EncodeToString(e.Value))
	}
	return b.String()
}
