package catest

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"testing"
)

// Identifiers of extensions that tests change.
var (
	OIDBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	OIDSubjectAltName   = asn1.ObjectIdentifier{2, 5, 29, 17}
)

// Mutation is a change of a certificate. Zero fields change nothing.
type Mutation struct {
	// Cert changes the certificate before it is signed again.
	Cert func(*x509.Certificate)
	// Issuer changes name and key identifier of the issuer in the certificate.
	Issuer func(*x509.Certificate)
	// Key signs instead of the key of the issuer.
	Key crypto.Signer
}

// Mutate makes a changed copy of a valid certificate with crypto/x509, since an authority
// would refuse to issue it.
func Mutate(t testing.TB, valid, issuer *x509.Certificate, issuerKey crypto.Signer, m Mutation) *x509.Certificate {
	t.Helper()
	template, parent, key := *valid, *issuer, issuerKey
	template.SignatureAlgorithm = x509.UnknownSignatureAlgorithm
	if m.Cert != nil {
		m.Cert(&template)
	}
	if m.Issuer != nil {
		m.Issuer(&parent)
	}
	if m.Key != nil {
		key = m.Key
	}
	parent.PublicKey = key.Public()
	der := Must(x509.CreateCertificate(rand.Reader, &template, &parent, template.PublicKey, key))(t)
	return Must(x509.ParseCertificate(der))(t)
}

// Extension copies an extension of a certificate, as critical or not.
func Extension(t testing.TB, valid *x509.Certificate, id asn1.ObjectIdentifier, critical bool) pkix.Extension {
	t.Helper()
	i := slices.IndexFunc(valid.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(id) })
	if i < 0 {
		t.Fatalf("the certificate has no extension %s", id)
	}
	return pkix.Extension{Id: id, Critical: critical, Value: valid.Extensions[i].Value}
}

// BreakSignature returns a copy with a flipped bit in the signature.
func BreakSignature(t testing.TB, valid *x509.Certificate) *x509.Certificate {
	t.Helper()
	der := slices.Clone(valid.Raw)
	der[len(der)-1] ^= 1
	return Must(x509.ParseCertificate(der))(t)
}
