package secrets

import (
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/trustgen/trustgen/ca"
)

// checkCRLs holds the CRLs against the CAs that the set has. The others cannot be
// verified here: whoever puts the set together knows their CAs.
func (c *CACerts) checkCRLs() error {
	seen := make(map[string]bool, len(c.crls))
	for _, list := range c.crls {
		signer := string(list.RawIssuer) + string(list.AuthorityKeyId)
		if seen[signer] {
			return fmt.Errorf("cacerts: two CRLs of %s: of two from the same second OpenSSL and BoringSSL take the first, whatever its number", list.Issuer)
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

// CRLs are those of the set.
func (c *CACerts) CRLs() []*x509.RevocationList { return slices.Clone(c.crls) }

// WithoutCRL lists the CAs of the chain that have no CRL in the set. As soon as the set
// has any, istiod refuses it for each of these: at a start it ends, and later it keeps
// what it had. A set without CRLs has none of these.
func (c *CACerts) WithoutCRL() []*x509.Certificate {
	if len(c.crls) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(c.chain), func(cert *x509.Certificate) bool {
		return slices.ContainsFunc(c.crls, func(list *x509.RevocationList) bool { return ca.MatchIssuer(list.RawIssuer, list.AuthorityKeyId, cert) })
	})
}
