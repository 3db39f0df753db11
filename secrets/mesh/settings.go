package mesh

import (
	"crypto/x509"

	"github.com/trustgen/trustgen/ca"
)

// Settings are those of the whole mesh.
type Settings struct {
	TrustDomain string
	// Constraints are the name constraints of every intermediate that is issued; nil for none.
	Constraints *ca.NameConstraints
	// PublishCRLs: every cluster has the CRLs of all CAs.
	PublishCRLs bool
}

// Profile is that of the clusters' intermediates.
func (s Settings) Profile() (ca.Profile, error) {
	return ca.Intermediate(ca.IntermediateOptions{Constraints: s.Constraints})
}

// istiodNames are the names of istiod that constraints have to permit; none means its default
// names.
func (s Settings) istiodNames() []string {
	if s.Constraints == nil {
		return nil
	}
	return s.Constraints.DNSNames
}

// CheckConstraints checks the name constraints of CAs against the mesh.
func (s Settings) CheckConstraints(chain []*x509.Certificate) []*ca.Violation {
	return CheckConstraints(chain, s.TrustDomain, s.istiodNames())
}
