package csr

import (
	"slices"
	"time"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// Defaults of a policy.
const (
	// DefaultLifetime is granted to a request without a lifetime.
	DefaultLifetime = time.Hour
	// DefaultMaxLifetime is the maximum of a rule without one.
	DefaultMaxLifetime = 24 * time.Hour
)

// Policy is a v1alpha1.Policy that [NewPolicy] has checked and copied. The zero Policy signs
// nothing. A Policy is safe for concurrent use.
type Policy struct {
	trustDomains     []string
	defaultLifetime  time.Duration
	systemNamespaces []string
	rules            []rule
}

// NewPolicy checks a policy and copies it. The error joins one error for each invalid field,
// with its path, as in rules[1].namespaces[0]. An empty policy is valid.
func NewPolicy(spec v1alpha1.Policy) (*Policy, error) {
	v := &validation{}
	p := &Policy{
		trustDomains:     slices.Clone(spec.TrustDomains),
		defaultLifetime:  v.lifetime("defaultLifetime", spec.DefaultLifetime.Duration, DefaultLifetime),
		systemNamespaces: slices.Clone(spec.SystemNamespaces),
	}
	v.policy(&spec)
	for i := range spec.Rules {
		p.rules = append(p.rules, v.rule(at("rules", i), &spec.Rules[i]))
	}
	if err := v.err(); err != nil {
		return nil, err
	}
	return p, nil
}

// Evaluate decides about a request. The decision depends on the policy and the request
// only.
func (p *Policy) Evaluate(r Request) Decision { return p.evaluate(r, requestChecks) }

func (p *Policy) isSystem(namespace string) bool {
	return isSystem(namespace) || slices.Contains(p.systemNamespaces, namespace)
}
