package csr

import (
	"slices"
	"time"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// Lifetimes of a policy that does not name them.
const (
	// DefaultLifetime is granted to who asks for none.
	DefaultLifetime = time.Hour
	// DefaultMaxLifetime is the longest that a rule gives.
	DefaultMaxLifetime = 24 * time.Hour
)

// Policy is a v1alpha1.Policy that has been checked and sealed. It is made by
// [NewPolicy]; the zero Policy signs nothing. It may be used by many at once.
type Policy struct {
	trustDomains     []string
	defaultLifetime  time.Duration
	systemNamespaces []string
	rules            []rule
}

// NewPolicy checks a policy and copies it. The error joins all that is wrong, each with
// the path of its field, as in rules[1].namespaces[0]. An empty policy is a good one.
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

// Evaluate decides about a request. The decision does not depend on anything else, and
// nothing is remembered.
func (p *Policy) Evaluate(r Request) Decision { return p.evaluate(r, requestChecks) }

func (p *Policy) isSystem(namespace string) bool {
	return isSystem(namespace) || slices.Contains(p.systemNamespaces, namespace)
}
