package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Policy says what may be signed and by whom. What no rule allows is refused, so an
// empty policy signs nothing.
type Policy struct {
	// TrustDomains are those whose SPIFFE IDs may be signed, each by its exact name.
	//
	// +optional
	TrustDomains []string `json:"trustDomains,omitempty"`
	// DefaultLifetime is granted to who asks for none, between 1m and 10 years; the
	// default is 1h. The rule and the CA may give less.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:MaxLength=16
	DefaultLifetime metav1.Duration `json:"defaultLifetime,omitzero"`
	// SystemNamespaces are namespaces that "*" does not cover, beside those that
	// begin with "kube-", istio-system and trustgen-system.
	//
	// +optional
	SystemNamespaces []string `json:"systemNamespaces,omitempty"`
	// Rules allow. One of them must allow all that a request asks for.
	//
	// +optional
	// +kubebuilder:validation:MaxItems=64
	// +listType=map
	// +listMapKey=name
	Rules []PolicyRule `json:"rules,omitempty"`
}

// PolicyRule allows its requesters to have certificates for SPIFFE IDs or for DNS
// names, not for both.
//
// +kubebuilder:validation:XValidation:rule="has(self.identities) != (has(self.dnsNames) && size(self.dnsNames) > 0)",message="either identities or dnsNames is required"
// +kubebuilder:validation:XValidation:rule="(has(self.identities) && self.identities == 'Own') || (has(self.requesters) && size(self.requesters) > 0)",message="requesters are required, except for a rule with the identities Own"
type PolicyRule struct {
	// Name of the rule, as it appears in reasons: each once, with at most 63 bytes.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// Requesters are the service accounts that the rule is for. A rule with the
	// identities Own may have none: it is for every service account then.
	//
	// +optional
	// +kubebuilder:validation:MaxItems=64
	Requesters []ServiceAccount `json:"requesters,omitempty"`

	// Identities makes it a rule for SPIFFE IDs.
	//
	// +optional
	Identities Identities `json:"identities,omitempty"`
	// Namespaces and ServiceAccounts of the SPIFFE IDs, "*" for all. System
	// namespaces are meant only where they stand by name.
	//
	// +optional
	// +kubebuilder:validation:MaxItems=256
	Namespaces []string `json:"namespaces,omitempty"`
	// +optional
	// +kubebuilder:validation:MaxItems=256
	ServiceAccounts []string `json:"serviceAccounts,omitempty"`

	// DNSNames makes it a rule for these names, each exactly. They are granted
	// "server auth" only.
	//
	// +optional
	// +kubebuilder:validation:MaxItems=100
	DNSNames []string `json:"dnsNames,omitempty"`

	// Usages that may be granted: "server auth" and "client auth". The default is
	// both for SPIFFE IDs, and "server auth" for DNS names.
	//
	// +optional
	// +kubebuilder:validation:items:Enum=server auth;client auth
	Usages []string `json:"usages,omitempty"`
	// Keys that may be certified: P-256, P-384, RSA-2048, RSA-3072, RSA-4096. The
	// default is all of them.
	//
	// +optional
	// +kubebuilder:validation:items:Enum=P-256;P-384;RSA-2048;RSA-3072;RSA-4096
	Keys []string `json:"keys,omitempty"`
	// MaxLifetime is the longest that is granted, between 1m and 10 years; who asks for
	// more gets this. The default is 24h.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:MaxLength=16
	MaxLifetime metav1.Duration `json:"maxLifetime,omitzero"`
}

// ServiceAccount names a service account.
type ServiceAccount struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// Identities says whose SPIFFE IDs a requester may have.
//
// +kubebuilder:validation:Enum=Own;Any
type Identities string

const (
	// OwnIdentity is the SPIFFE ID of the requester itself.
	OwnIdentity Identities = "Own"
	// AnyIdentity is every SPIFFE ID that the rule covers, as a registration
	// authority such as istiod needs it. Requesters have to be named.
	AnyIdentity Identities = "Any"
)
