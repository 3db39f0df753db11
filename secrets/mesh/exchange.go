package mesh

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/trustgen/trustgen/ca"
)

// Exchange is what one directory sends to another about CAs, as a file: the signed response to
// a request, or the CAs of a mesh and their CRLs. Nothing in it is secret.
type Exchange struct {
	// Certificates of a signed response begin with its chain; the others have no order.
	Certificates []*x509.Certificate
	CRLs         []*x509.RevocationList
}

// PEM block types of an exchange.
const (
	certificateBlock = "CERTIFICATE"
	crlBlock         = "X509 CRL"
)

// ParseExchange reads certificates and CRLs in PEM, in any order and with text around them,
// as other programs write them, or a single one in DER. Any other kind of block is an error.
// It verifies neither signatures nor times: [Mesh.Merge] does.
func ParseExchange(data []byte) (Exchange, error) {
	blocks, err := ca.FindBlocks(data)
	if err != nil {
		return Exchange{}, err
	}
	if len(blocks) == 0 {
		return Exchange{}, errors.New("is neither PEM nor a certificate or CRL in DER")
	}
	var e Exchange
	for i, block := range blocks {
		if err := e.add(block); err != nil {
			return Exchange{}, fmt.Errorf("PEM block %d %w", i+1, err)
		}
	}
	return e, nil
}

func (e *Exchange) add(block *pem.Block) error {
	switch block.Type {
	case certificateBlock:
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return fmt.Errorf("is not a valid certificate: %w", err)
		}
		if !slices.ContainsFunc(e.Certificates, cert.Equal) {
			e.Certificates = append(e.Certificates, cert)
		}
	case crlBlock:
		list, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return fmt.Errorf("is not a valid CRL: %w", err)
		}
		e.CRLs = append(e.CRLs, list)
	default:
		return fmt.Errorf("is a %s, expected a %s or an %s", block.Type, certificateBlock, crlBlock)
	}
	return nil
}

// Marshal writes an exchange in PEM, certificates first.
func (e Exchange) Marshal() []byte {
	return append(ca.MarshalCertificates(e.Certificates...), ca.MarshalCRLs(e.CRLs...)...)
}

// Exchange is what another place of the mesh has to import: the certificates of all CAs that
// can still stand in a chain and that have a CRL here or are revoked, and these CRLs. A CA
// without a CRL is left out, because it would make every other directory incomplete; it follows
// when it has one. Without the revoked CAs nobody could tell that a later CRL withdraws their
// revocation. [Mesh.Merge] accepts it.
func (m *Mesh) Exchange() Exchange {
	var e Exchange
	for _, a := range m.cas {
		if a.Ended(m.Now) || a.crl == nil && !m.IsRevoked(a) {
			continue
		}
		e.Certificates = append(e.Certificates, a.Certificates()...)
		if a.crl != nil {
			e.CRLs = append(e.CRLs, a.crl)
		}
	}
	return e
}
