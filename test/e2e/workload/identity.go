package workload

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// Identity is the certificate and key of a workload, and its trusted roots.
type Identity struct {
	Chain []*x509.Certificate // presented, its own certificate first
	Roots []*x509.Certificate // trusted for peers
	Key   crypto.Signer

	CRLs []*x509.RevocationList // checked for peers, see Checking; no check if empty
}

// NewIdentity parses an identity in PEM. The chain and the roots may have any number of
// certificates. The key must belong to the first certificate of the chain.
func NewIdentity(chain, key, roots []byte) (*Identity, error) {
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return nil, fmt.Errorf("chain and key: %w", err)
	}
	id := &Identity{Key: pair.PrivateKey.(crypto.Signer)}
	if id.Chain, err = parseCertificates(chain); err != nil {
		return nil, fmt.Errorf("chain: %w", err)
	}
	if id.Roots, err = parseCertificates(roots); err != nil {
		return nil, fmt.Errorf("roots: %w", err)
	}
	return id, nil
}

// Leaf is the workload's own certificate.
func (id *Identity) Leaf() *x509.Certificate { return id.Chain[0] }

// Principal is the workload's SPIFFE ID.
func (id *Identity) Principal() string {
	principal, err := principalOf(id.Leaf())
	if err != nil {
		return err.Error()
	}
	return principal
}

// Trusting is the same workload with the trusted roots of other.
func (id *Identity) Trusting(other *Identity) *Identity {
	return &Identity{Chain: id.Chain, Key: id.Key, Roots: other.Roots, CRLs: other.CRLs}
}

// principalOf returns the SPIFFE ID of a certificate, which must be its only URI (SPIFFE
// X.509-SVID §2).
func principalOf(leaf *x509.Certificate) (string, error) {
	if len(leaf.URIs) != 1 || leaf.URIs[0].Scheme != "spiffe" {
		return "", fmt.Errorf("the certificate is for the URIs %v, want one SPIFFE ID", leaf.URIs)
	}
	return leaf.URIs[0].String(), nil
}

// parseCertificates parses one or more certificates in PEM, and accepts nothing else.
func parseCertificates(data []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for {
		var block *pem.Block
		block, data = pem.Decode(data)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("a PEM block is %s, want CERTIFICATE", block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certs = append(certs, cert)
	}
	if rest := bytes.TrimSpace(data); len(rest) > 0 {
		return nil, fmt.Errorf("%q is not PEM", rest)
	}
	if len(certs) == 0 {
		return nil, errors.New("no certificate")
	}
	return certs, nil
}
