package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Policy says what may be signed and by whom. What no rule allows is refused, so an
// empty policy signs nothing.
type Policy struct {
	// TrustDomains are those whose SPIFFE IDs may be signed, each by its exact name.
	TrustDomains []string `json:"trustDomains,omitempty"`
	// DefaultLifetime is granted to who asks for none; the default is 1h. The rule
	// and the CA may give less.
	DefaultLifetime metav1.Duration `json:"defaultLifetime,omitzero"`
	// SystemNamespaces are namespaces that "*" does not cover, beside those that
	// begin with "kube-", istio-system and trustgen-system.
	SystemNamespaces []string `json:"systemNamespaces,omitempty"`
	// Rules allow. One of them must allow all that a request asks for.
	Rules []PolicyRule `json:"rules,omitempty"`
}

// PolicyRule allows its requesters to have certificates for SPIFFE IDs or for DNS
// names, not for both.
type PolicyRule struct {
	// Name of the rule, as it appears in reasons.
	Name string `json:"name"`
	// Requesters are the service accounts that the rule is for. A rule with the
	// identities Own may have none: it is for every service account then.
	Requesters []ServiceAccount `json:"requesters,omitempty"`

	// Identities makes it a rule for SPIFFE IDs.
	Identities Identities `json:"identities,omitempty"`
	// Namespaces and ServiceAccounts of the SPIFFE IDs, "*" for all. System
	// namespaces are meant only where they stand by name.
	Namespaces      []string `json:"namespaces,omitempty"`
	ServiceAccounts []string `json:"serviceAccounts,omitempty"`

	// DNSNames makes it a rule for these names, each exactly. They are granted
	// "server auth" only.
	DNSNames []string `json:"dnsNames,omitempty"`

	// Usages that may be granted: "server auth" and "client auth". The default is
	// both for SPIFFE IDs, and "server auth" for DNS names.
	Usages []string `json:"usages,omitempty"`
	// Keys that may be certified: P-256, P-384, RSA-2048, RSA-3072, RSA-4096. The
	// default is all of them.
	Keys []string `json:"keys,omitempty"`
	// MaxLifetime is the longest that is granted; who asks for more gets this. The
	// default is 24h.
	MaxLifetime metav1.Duration `json:"maxLifetime,omitzero"`
}

// ServiceAccount names a service account.
type ServiceAccount struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// Identities says whose SPIFFE IDs a requester may have.
type Identities string

const (
	// OwnIdentity is the SPIFFE ID of the requester itself.
	OwnIdentity Identities = "Own"
	// AnyIdentity is every SPIFFE ID that the rule covers, as a registration
	// authority such as istiod needs it. Requesters have to be named.
	AnyIdentity Identities = "Any"
)
