package csr

import (
	"crypto/x509"
	"slices"
	"time"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// rule is a validated v1alpha1.PolicyRule, either for SPIFFE IDs or for DNS names.
type rule struct {
	name            string
	requesters      []v1alpha1.ServiceAccount // empty: every service account
	anyIdentity     bool
	namespaces      covered
	serviceAccounts covered
	dnsNames        []string // not empty: a rule for DNS names
	usages          []x509.ExtKeyUsage
	keys            []string
	maxLifetime     time.Duration
}

func (r *rule) isFor(requester v1alpha1.ServiceAccount) bool {
	return len(r.requesters) == 0 || slices.Contains(r.requesters, requester)
}

// fits reports whether the rule is for the kind of names that is requested.
func (r *rule) fits(p *parsed) bool { return (len(r.dnsNames) > 0) == (p.hosts != nil) }

// covered is a set of names, or all of them.
type covered struct {
	all   bool
	names []string
}

// everything means all names in a policy.
const everything = "*"

func cover(names []string) covered {
	return covered{all: slices.Contains(names, everything), names: slices.Clone(names)}
}

func (c covered) covers(name string) bool { return c.all || slices.Contains(c.names, name) }

// seal copies a validated rule and fills in its defaults.
func seal(spec *v1alpha1.PolicyRule, maxLifetime time.Duration) rule {
	usages, keys := spec.Usages, slices.Clone(spec.Keys)
	switch {
	case len(usages) > 0:
	case len(spec.DNSNames) > 0:
		usages = []string{usageServerAuth}
	default:
		usages = []string{usageServerAuth, usageClientAuth}
	}
	if len(keys) == 0 {
		keys = keyTypes()
	}
	return rule{
		name:            spec.Name,
		requesters:      slices.Clone(spec.Requesters),
		anyIdentity:     spec.Identities == v1alpha1.AnyIdentity,
		namespaces:      cover(spec.Namespaces),
		serviceAccounts: cover(spec.ServiceAccounts),
		dnsNames:        slices.Clone(spec.DNSNames),
		usages:          authUsages(usages),
		keys:            keys,
		maxLifetime:     maxLifetime,
	}
}
