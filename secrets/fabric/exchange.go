package fabric

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/trustgen/trustgen/ca"
)

// Exchange is what one directory tells another about CAs, as a file: the answer to a
// request, or the CAs of a mesh and what they revoked. Nothing in it is secret.
type Exchange struct {
	// Certificates of an answer begin with its chain; the others have no order.
	Certificates []*x509.Certificate
	CRLs         []*x509.RevocationList
}

// PEM block types of an exchange.
const (
	certificateBlock = "CERTIFICATE"
	crlBlock         = "X509 CRL"
)

// ParseExchange reads certificates and CRLs in PEM, in any order and with text around them,
// as other programs write them, or a single one in DER. Nothing else may be among them.
// Whose they are, and whether they are good, is not asked here.
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
			return fmt.Errorf("is no good certificate: %w", err)
		}
		if !slices.ContainsFunc(e.Certificates, cert.Equal) {
			e.Certificates = append(e.Certificates, cert)
		}
	case crlBlock:
		list, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return fmt.Errorf("is no good CRL: %w", err)
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

// exchange are all CAs that can still stand in a chain and whose CRL is here, or that are
// revoked. Another one would make every other directory incomplete; they hear of it when it has
// a CRL.
func (m *mesh) exchange() Exchange {
	var e Exchange
	for _, a := range m.all {
		if a.ended(m.now()) || a.crl == nil && !isRevoked(a, m.all) {
			continue
		}
		e.Certificates = append(e.Certificates, a.certs...)
		if a.crl != nil {
			e.CRLs = append(e.CRLs, a.crl)
		}
	}
	return e
}

// Exchange is what another directory of the mesh has to know: the certificates of all CAs
// that can still stand in a chain and whose CRL is here or that are revoked, and these CRLs.
// Without the revoked ones nobody could tell that a later CRL takes their revocation back.
// [Fabric.ImportCRLs] takes it.
func (f *Fabric) Exchange(ctx context.Context) (Exchange, error) {
	var e Exchange
	err := f.view(ctx, func(m *mesh) error {
		e = m.exchange()
		return nil
	})
	return e, err
}
