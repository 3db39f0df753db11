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

// Identifiers of extensions that tests spoil.
var (
	OIDBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	OIDSubjectAltName   = asn1.ObjectIdentifier{2, 5, 29, 17}
)

// Mutation spoils a certificate. What it leaves zero stays good.
type Mutation struct {
	// Cert changes the certificate before it is signed again.
	Cert func(*x509.Certificate)
	// Issuer changes what the certificate says of its issuer: name and key
	// identifier.
	Issuer func(*x509.Certificate)
	// Key signs instead of the issuer's.
	Key crypto.Signer
}

// Mutate makes a spoilt copy of a good certificate. An authority would refuse to
// make it, so crypto/x509 does.
func Mutate(t testing.TB, good, issuer *x509.Certificate, issuerKey crypto.Signer, m Mutation) *x509.Certificate {
	t.Helper()
	template, parent, key := *good, *issuer, issuerKey
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

// Extension is an extension of a good certificate, made critical or not.
func Extension(t testing.TB, good *x509.Certificate, id asn1.ObjectIdentifier, critical bool) pkix.Extension {
	t.Helper()
	i := slices.IndexFunc(good.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(id) })
	if i < 0 {
		t.Fatalf("the good certificate has no extension %s", id)
	}
	return pkix.Extension{Id: id, Critical: critical, Value: good.Extensions[i].Value}
}

// BreakSignature flips a bit of the signature.
func BreakSignature(t testing.TB, good *x509.Certificate) *x509.Certificate {
	t.Helper()
	der := slices.Clone(good.Raw)
	der[len(der)-1] ^= 1
	return Must(x509.ParseCertificate(der))(t)
}
