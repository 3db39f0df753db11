package mesh

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/trustgen/trustgen/ca"
)

// PublicKey identifies a key for people, who compare fingerprints.
type PublicKey struct {
	Type ca.KeyType
	// Fingerprint is the SHA-256 of the SubjectPublicKeyInfo in hexadecimal.
	Fingerprint string
}

// PublicKeyOf is the public key of a request.
func PublicKeyOf(csr *x509.CertificateRequest) PublicKey {
	sum := sha256.Sum256(csr.RawSubjectPublicKeyInfo)
	return PublicKey{Type: ca.KeyType(ca.DescribeKey(csr.PublicKey)), Fingerprint: hex.EncodeToString(sum[:])}
}

// MarshalRequest writes a request in PEM.
func MarshalRequest(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: requestBlock, Bytes: der})
}

// ParseRequest reads the only request of a file, in PEM with text around it or in DER. Its key
// must be of a type that a CA can have, and it must be signed with that key (RFC 2986 §4.2).
// The other fields are ignored.
func ParseRequest(data []byte) (*x509.CertificateRequest, error) {
	der, err := findRequest(data)
	if err != nil {
		return nil, err
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("is not a valid certificate request: %w", err)
	}
	if _, err := ca.KeyTypeOf(csr.PublicKey); err != nil {
		return nil, err
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, errors.New("is not signed with its own key: its sender may not have that key")
	}
	return csr, nil
}

const requestBlock = "CERTIFICATE REQUEST"

func findRequest(data []byte) ([]byte, error) {
	blocks, err := ca.FindBlocks(data)
	if err != nil {
		return nil, err
	}
	if len(blocks) == 0 {
		return nil, errors.New("is neither a certificate request in PEM nor one in DER")
	}
	for i, block := range blocks {
		switch {
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			return nil, fmt.Errorf("PEM block %d is a %s, which must not leave its directory: send the %s alone", i+1, block.Type, requestBlock)
		case block.Type != requestBlock && block.Type != "NEW "+requestBlock:
			return nil, fmt.Errorf("PEM block %d is a %s, expected a %s", i+1, block.Type, requestBlock)
		}
	}
	if len(blocks) != 1 {
		return nil, fmt.Errorf("%d certificate requests, expected one", len(blocks))
	}
	return blocks[0].Bytes, nil
}
