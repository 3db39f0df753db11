package fabric

import (
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
	blocks, err := ca.FindPEM(data)
	if err != nil {
		return Exchange{}, err
	}
	if len(blocks) == 0 {
		return parseDER(data)
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

func parseDER(data []byte) (Exchange, error) {
	if cert, err := x509.ParseCertificate(data); err == nil {
		return Exchange{Certificates: []*x509.Certificate{cert}}, nil
	}
	if list, err := x509.ParseRevocationList(data); err == nil {
		return Exchange{CRLs: []*x509.RevocationList{list}}, nil
	}
	return Exchange{}, errors.New("is neither PEM nor a certificate or CRL in DER")
}

// Marshal writes an exchange in PEM, certificates first.
func (e Exchange) Marshal() []byte {
	return append(ca.MarshalCertificates(e.Certificates...), ca.MarshalCRLs(e.CRLs...)...)
}

// newExchange are all CAs that can still stand in a chain and whose CRL is here. One that has
// none would make every other directory incomplete; they hear of it when it has.
func (f *Fabric) newExchange(all []*authority) Exchange {
	var e Exchange
	for _, a := range all {
		if a.ended(f.now()) || a.crl == nil {
			continue
		}
		e.Certificates = append(e.Certificates, a.cert)
		e.CRLs = append(e.CRLs, a.crl)
	}
	return e
}

// learn finds what an exchange adds to the CAs that are known: those that lead to one of
// them, and CRLs with a higher number than the one that is here. What nobody here vouches for
// is refused, and what has ended is passed over.
func (f *Fabric) learn(known []*authority, e Exchange) (fresh []*authority, err error) {
	certs, ended := f.partEnded(e.Certificates)
	if fresh, err = f.learnCertificates(known, certs); err != nil {
		return nil, err
	}
	for _, list := range e.CRLs {
		a, err := f.ownerOf(slices.Concat(merge(known, fresh), ended), list)
		if err != nil {
			return nil, err
		}
		if !a.ended(f.now()) && (a.crl == nil || list.Number.Cmp(a.crl.Number) > 0) {
			newer := *a
			newer.crl = list
			fresh = merge(fresh, []*authority{&newer})
		}
	}
	return fresh, nil
}

func (f *Fabric) partEnded(certs []*x509.Certificate) (good []*x509.Certificate, ended []*authority) {
	for _, cert := range certs {
		if a := (&authority{cert: cert}); a.ended(f.now()) {
			ended = append(ended, a)
		} else {
			good = append(good, cert)
		}
	}
	return good, ended
}

// learnCertificates takes the CAs in any order: the issuer of one may follow.
func (f *Fabric) learnCertificates(known []*authority, certs []*x509.Certificate) (fresh []*authority, err error) {
	for left := certs; len(left) > 0; {
		var later []*x509.Certificate
		for _, cert := range left {
			all := merge(known, fresh)
			switch {
			case slices.ContainsFunc(all, func(a *authority) bool { return ca.SamePublicKey(a.cert.PublicKey, cert.PublicKey) }):
			case f.leadsTo(all, cert):
				if err := wantOwnName(all, cert); err != nil {
					return nil, err
				}
				fresh = append(fresh, &authority{cert: cert})
			default:
				later = append(later, cert)
			}
		}
		if len(later) == len(left) {
			return nil, fmt.Errorf("%s does not lead to a CA that is known", ca.Describe(later[0]))
		}
		left = later
	}
	return fresh, nil
}

// leadsTo finds the CAs above one among those that are known, up to a root.
func (f *Fabric) leadsTo(known []*authority, cert *x509.Certificate) bool {
	chain := []*x509.Certificate{cert}
	for range known {
		last := chain[len(chain)-1]
		i := slices.IndexFunc(known, func(a *authority) bool { return last.CheckSignatureFrom(a.cert) == nil })
		if i < 0 || last.Equal(known[i].cert) {
			break
		}
		chain = append(chain, known[i].cert)
	}
	if len(chain) == 1 {
		return false
	}
	refused, _ := ca.Tolerate(ca.VerifyIntermediate(chain, ca.VerifyOptions{Now: f.now}))
	return len(refused) == 0
}

// ownerOf finds the CA that signed a CRL.
func (f *Fabric) ownerOf(known []*authority, list *x509.RevocationList) (*authority, error) {
	for _, a := range known {
		err := ca.CheckCRL(list, a.cert, f.now())
		switch {
		case err == nil:
			return a, nil
		case !errors.Is(err, ca.ErrForeignCRL):
			return nil, err
		}
	}
	return nil, fmt.Errorf("the CRL of %q is of no CA that is known", list.Issuer)
}
