package issuer

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"

	"github.com/trustgen/trustgen/ca"
)

// CSR makes the certificate request, in DER, for the key of a CA. Its subject is the
// name that an authority of package ca would give it, see [ca.TaggedName], for CAs
// that take the subject from there.
func CSR(key crypto.Signer, commonName string) ([]byte, error) {
	name, err := ca.TaggedName(commonName, key.Public())
	if err != nil {
		return nil, err
	}
	return x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: name}}, key)
}
