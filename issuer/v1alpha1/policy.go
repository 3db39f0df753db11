package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Policy specifies what may be signed and for whom. A request that no rule allows is
// refused, so an empty policy allows nothing.
type Policy struct {
	// TrustDomains are the exact names of the trust domains whose SPIFFE IDs may be
	// signed.
	//
	// +optional
	TrustDomains []string `json:"trustDomains,omitempty"`
	// DefaultLifetime is granted to a request without a lifetime, between 1m and 10 years;
	// the default is 1h. The rule and the CA may shorten it.
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^([0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m|h))+$`
	// +kubebuilder:validation:MaxLength=16
	DefaultLifetime metav1.Duration `json:"defaultLifetime,omitzero"`
	// SystemNamespaces are namespaces that "*" does not match, in addition to
	// istio-system, trustgen-system and those that begin with "kube-".
	//
	// +optional
	SystemNamespaces []string `json:"systemNamespaces,omitempty"`
	// Rules allow requests. One rule must allow the whole request.
	//
	// +optional
	// +kubebuilder:validation:MaxItems=64
	// +listType=map
	// +listMapKey=name
	Rules []PolicyRule `json:"rules,omitempty"`
}

// PolicyRule allows its requesters certificates for either SPIFFE IDs or DNS names.
//
// +kubebuilder:validation:XValidation:rule="has(self.identities) != (has(self.dnsNames) && size(self.dnsNames) > 0)",message="either identities or dnsNames is required"
// +kubebuilder:validation:XValidation:rule="(has(self.identities) && self.identities == 'Own') || (has(self.requesters) && size(self.requesters) > 0)",message="requesters are required, except for a rule with the identities Own"
type PolicyRule struct {
	// Name of the rule in messages. It is unique, with at most 63 bytes.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// Requesters are the service accounts that the rule applies to. A rule with the
	// identities Own without requesters applies to every service account.
	//
	// +optional
	// +kubebuilder:validation:MaxItems=64
	Requesters []ServiceAccount `json:"requesters,omitempty"`

	// Identities makes this a rule for SPIFFE IDs.
	//
	// +optional
	Identities Identities `json:"identities,omitempty"`
	// Namespaces of the SPIFFE IDs, or "*" for all except system namespaces, which must be
	// listed by name.
	//
	// +optional
	// +kubebuilder:validation:MaxItems=256
	Namespaces []string `json:"namespaces,omitempty"`
	// ServiceAccounts of the SPIFFE IDs, or "*" for all.
	//
	// +optional
	// +kubebuilder:validation:MaxItems=256
	ServiceAccounts []string `json:"serviceAccounts,omitempty"`

	// DNSNames makes this a rule for exactly these DNS names. It grants only
	// "server auth".
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
	// MaxLifetime is the longest lifetime, between 1m and 10 years; a longer request is
	// shortened to it. The default is 24h.
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

// Identities specifies which SPIFFE IDs a requester may have.
//
// +kubebuilder:validation:Enum=Own;Any
type Identities string

const (
	// OwnIdentity is the SPIFFE ID of the requester itself.
	OwnIdentity Identities = "Own"
	// AnyIdentity is every SPIFFE ID that the rule covers, for a registration authority
	// such as istiod. Such a rule must list its requesters.
	AnyIdentity Identities = "Any"
)
