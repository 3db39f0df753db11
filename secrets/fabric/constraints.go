package fabric

import (
	"slices"

	"github.com/trustgen/trustgen/ca"
)

// nameConstraints limit what every intermediate of the fabric can issue: beside the
// identities of the trust domain, certificates for these DNS names. They are those of
// istiod, which signs its own certificate with the CA that it signs workloads with.
type nameConstraints struct {
	DNSNames []string `json:"dnsNames"`
}

// constraints are nil where the fabric has none.
func (c config) constraints() *ca.NameConstraints {
	if c.NameConstraints == nil {
		return nil
	}
	return &ca.NameConstraints{TrustDomain: c.TrustDomain, DNSNames: slices.Clone(c.NameConstraints.DNSNames)}
}
