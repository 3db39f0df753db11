package workload

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Reasons to refuse a chain to a trusted root.
var (
	ErrRevoked = errors.New("a certificate of the chain is revoked")
	ErrNoCRL   = errors.New("a CA of the chain has no valid CRL")
)

// Checking is the same workload with CRLs in PEM: it refuses a peer that is revoked, or whose
// chain has a CA without a CRL. Without CRLs it does not check.
//
// These are the rules of Envoy, which gets the CRLs from Istio's agent without
// only_verify_leaf_cert_crl. crypto/x509 has no such check.
func (id *Identity) Checking(crls []byte) (*Identity, error) {
	checking := *id
	checking.CRLs = nil
	for len(crls) > 0 {
		block, rest := pem.Decode(crls)
		if block == nil {
			return nil, fmt.Errorf("CRLs: %q is not PEM", crls)
		}
		list, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("CRLs: %w", err)
		}
		checking.CRLs = append(checking.CRLs, list)
		crls = rest
	}
	return &checking, nil
}

// checkRevocation returns an error unless one of the verified chains passes checkChain.
func (id *Identity) checkRevocation(chains [][]*x509.Certificate) error {
	if len(id.CRLs) == 0 {
		return nil
	}
	var err error
	for _, chain := range chains {
		if err = id.checkChain(chain, time.Now()); err == nil {
			return nil
		}
	}
	return err
}

// checkChain requires a CRL of every CA of the chain, which ends with the root.
func (id *Identity) checkChain(chain []*x509.Certificate, now time.Time) error {
	for n, cert := range chain {
		issuer := chain[min(n+1, len(chain)-1)]
		list := id.newestCRL(issuer)
		switch {
		case list == nil:
			return fmt.Errorf("%w: %s has none", ErrNoCRL, issuer.Subject)
		case list.CheckSignatureFrom(issuer) != nil:
			return fmt.Errorf("%w: the CRL of %s has another signer", ErrNoCRL, issuer.Subject)
		case now.Before(list.ThisUpdate) || now.After(list.NextUpdate):
			return fmt.Errorf("%w: the CRL of %s is valid from %s to %s", ErrNoCRL, issuer.Subject, list.ThisUpdate, list.NextUpdate)
		case revokes(list, cert):
			return fmt.Errorf("%w: %s", ErrRevoked, cert.Subject)
		}
	}
	return nil
}

// newestCRL finds a CRL by the name of the CA, as verifiers do.
func (id *Identity) newestCRL(issuer *x509.Certificate) *x509.RevocationList {
	var newest *x509.RevocationList
	for _, list := range id.CRLs {
		if bytes.Equal(list.RawIssuer, issuer.RawSubject) && (newest == nil || list.ThisUpdate.After(newest.ThisUpdate)) {
			newest = list
		}
	}
	return newest
}

func revokes(list *x509.RevocationList, cert *x509.Certificate) bool {
	return slices.ContainsFunc(list.RevokedCertificateEntries, func(e x509.RevocationListEntry) bool {
		return e.SerialNumber.Cmp(cert.SerialNumber) == 0
	})
}
