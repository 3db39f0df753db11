package issuer

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"

	"github.com/trustgen/trustgen/ca"
)

// CSR returns the certificate request for the key of a CA, in DER. For issuers that copy
// the subject of a CSR, it is the name that package ca would choose, see
// [ca.TaggedName].
func CSR(key crypto.Signer, commonName string) ([]byte, error) {
	name, err := ca.TaggedName(commonName, key.Public())
	if err != nil {
		return nil, err
	}
	return x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: name}}, key)
}
