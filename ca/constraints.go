package ca

import (
	"errors"
	"fmt"
)

// NameConstraints are critical permitted subtrees (RFC 5280 §4.2.1.10). They
// hold URIs and DNS names both, since istiod signs its own DNS certificate with
// the CA that signs its workloads. rustls, and so an ambient mesh, refuses every
// workload below a URI constraint, even one that keeps to it. A host also permits
// its sub-domains.
type NameConstraints struct {
	// TrustDomain becomes the URI constraint: the bare host.
	TrustDomain string
	// DNSNames are the names of istiod's own certificate.
	DNSNames []string
}

func (c *NameConstraints) validate() error {
	if err := CheckTrustDomain(c.TrustDomain); err != nil {
		return fmt.Errorf("ca: name constraint: %w", err)
	}
	if len(c.DNSNames) == 0 {
		return errors.New("ca: name constraint: DNS names are missing; istiod signs its own certificate for DNS names with the same CA")
	}
	for _, name := range c.DNSNames {
		if err := CheckDNSName(name); err != nil {
			return fmt.Errorf("ca: name constraint: %w", err)
		}
	}
	return nil
}
