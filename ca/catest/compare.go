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

// ByContent compares what certificates say (the values: pointers compare by their
// Equal method), and leaves out what differs from one
// issuance to the next or repeats other fields: encodings, signatures, serial
// numbers and key identifiers.
func ByContent() cmp.Options {
	return cmp.Options{
		cmpopts.IgnoreFields(x509.Certificate{},
			"Raw", "RawTBSCertificate", "RawSubjectPublicKeyInfo", "RawSubject", "RawIssuer",
			"Signature", "SerialNumber", "PublicKey", "SubjectKeyId", "AuthorityKeyId", "Extensions"),
		cmpopts.IgnoreFields(pkix.Name{}, "Names"),
		cmpopts.EquateEmpty(),
	}
}

// Identical compares certificates by their bytes.
func Identical() cmp.Option {
	return cmp.Comparer(func(a, b *x509.Certificate) bool { return a.Equal(b) })
}

// Dump writes all that is signed in a certificate, one field a line, for goldens.
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
