package controller

import (
	"fmt"
	"slices"

	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// NewPolicy makes the policy of an issuer as the controller does. The namespace is that of
// a TrustIssuer, to which its policy is confined, and empty for a TrustClusterIssuer. The
// namespace of cluster issuers' Secrets becomes a system namespace.
func NewPolicy(spec v1alpha1.Policy, namespace, clusterResourceNamespace string) (*csr.Policy, error) {
	if namespace != "" {
		if err := confine(&spec, namespace); err != nil {
			return nil, err
		}
	}
	spec.SystemNamespaces = append(slices.Clone(spec.SystemNamespaces), clusterResourceNamespace)
	policy, err := csr.NewPolicy(spec)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	return policy, nil
}

// confine refuses a rule of a TrustIssuer that allows more than the own identities of the
// workloads in its namespace.
func confine(policy *v1alpha1.Policy, namespace string) error {
	for i := range policy.Rules {
		rule, path := &policy.Rules[i], fmt.Sprintf("policy: rules[%d]", i)
		switch {
		case len(rule.DNSNames) > 0:
			return fmt.Errorf("%s.dnsNames: a %s signs no DNS names", path, v1alpha1.KindTrustIssuer)
		case rule.Identities != v1alpha1.OwnIdentity:
			return fmt.Errorf("%s.identities: a %s signs for %s only", path, v1alpha1.KindTrustIssuer, v1alpha1.OwnIdentity)
		case len(rule.Namespaces) != 1 || rule.Namespaces[0] != namespace:
			return fmt.Errorf("%s.namespaces: expected %q alone", path, namespace)
		}
	}
	return nil
}
