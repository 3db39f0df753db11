package secrets

import (
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/trustgen/trustgen/ca"
)

// checkCRLs checks the CRLs of the CAs in the chain. The bundle does not have the other CAs, so
// the caller of New has to check their CRLs.
func (c *CACerts) checkCRLs() error {
	seen := make(map[string]bool, len(c.crls))
	for _, list := range c.crls {
		signer := string(list.RawIssuer) + string(list.AuthorityKeyId)
		if seen[signer] {
			return fmt.Errorf("cacerts: two CRLs of %s: OpenSSL and BoringSSL use the first of two from the same second, whatever its number", list.Issuer)
		}
		seen[signer] = true
		for _, cert := range c.chain {
			if !ca.MatchIssuer(list.RawIssuer, list.AuthorityKeyId, cert) {
				continue
			}
			if err := ca.CheckCRL(list, cert, list.ThisUpdate); err != nil {
				return fmt.Errorf("cacerts: %w", err)
			}
		}
	}
	return nil
}

// CRLs returns the CRLs of the bundle.
func (c *CACerts) CRLs() []*x509.RevocationList { return slices.Clone(c.crls) }

// WithoutCRL lists the CAs of the chain that have no CRL in the bundle. It is empty for a bundle
// without any CRL. istiod refuses a bundle that has CRLs if one of its chain is missing: it does
// not start with it, and a running istiod keeps the bundle that it had.
func (c *CACerts) WithoutCRL() []*x509.Certificate {
	if len(c.crls) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(c.chain), func(cert *x509.Certificate) bool {
		return slices.ContainsFunc(c.crls, func(list *x509.RevocationList) bool { return ca.MatchIssuer(list.RawIssuer, list.AuthorityKeyId, cert) })
	})
}
