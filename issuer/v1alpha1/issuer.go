package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TrustIssuer is an issuer for the workloads of its own namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=trustgen
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="CA",type=string,JSONPath=`.status.ca.subject`
// +kubebuilder:printcolumn:name="Not After",type=string,JSONPath=`.status.ca.notAfter`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type TrustIssuer struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// +required
	Spec IssuerSpec `json:"spec"`
	// +optional
	Status IssuerStatus `json:"status,omitzero"`
}

// TrustIssuerList is a list of TrustIssuers.
//
// +kubebuilder:object:root=true
type TrustIssuerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`

	Items []TrustIssuer `json:"items"`
}

// TrustClusterIssuer is an issuer for a whole cluster. Who may create or change one may
// mint any identity of the mesh.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,categories=trustgen
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="CA",type=string,JSONPath=`.status.ca.subject`
// +kubebuilder:printcolumn:name="Not After",type=string,JSONPath=`.status.ca.notAfter`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type TrustClusterIssuer struct {
	metav1.TypeMeta `json:",inline"`
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// +required
	Spec IssuerSpec `json:"spec"`
	// +optional
	Status IssuerStatus `json:"status,omitzero"`
}

// TrustClusterIssuerList is a list of TrustClusterIssuers.
//
// +kubebuilder:object:root=true
type TrustClusterIssuerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`

	Items []TrustClusterIssuer `json:"items"`
}

// IssuerSpec is what an issuer is told: which CA signs, where its answers must lead
// to, and what may be signed.
//
// +kubebuilder:validation:XValidation:rule="[has(self.ca), has(self.ephemeral), has(self.cfssl)].filter(x, x).size() == 1",message="exactly one of ca, ephemeral and cfssl is required"
type IssuerSpec struct {
	Backend `json:",inline"`

	// TrustAnchors are the roots that every answer of the CA must lead to. They are
	// required, and never taken from an answer.
	//
	// +required
	TrustAnchors CertificateSource `json:"trustAnchors"`

	// Policy says what may be signed and by whom. An empty policy signs nothing.
	//
	// +optional
	Policy Policy `json:"policy,omitzero"`

	// Chain is what a workload gets: with the root as the last certificate, or without
	// it. A workload of Istio trusts the last one, so leave out the root only where
	// istiod appends it.
	//
	// +optional
	// +kubebuilder:default=ChainWithRoot
	Chain ChainForm `json:"chain,omitempty"`

	// Approval by the signer itself: None leaves it to others, as istiod; Auto approves
	// what the policy allows and denies the rest, for requesters that may not approve
	// their own requests.
	//
	// +optional
	// +kubebuilder:default=None
	Approval Approval `json:"approval,omitempty"`

	// Limits bound how the CA is used.
	//
	// +optional
	Limits Limits `json:"limits,omitzero"`

	// AllowIntermediates names the ephemeral issuers that may have their intermediate
	// from this one. The default is nobody.
	//
	// +optional
	// +kubebuilder:validation:MaxItems=64
	AllowIntermediates []IssuerUser `json:"allowIntermediates,omitempty"`
}

// ChainForm says with what a chain ends.
//
// +kubebuilder:validation:Enum=ChainWithRoot;Chain
type ChainForm string

// The forms of a chain.
const (
	ChainWithRoot    ChainForm = "ChainWithRoot"
	ChainWithoutRoot ChainForm = "Chain"
)

// Approval says who approves requests.
//
// +kubebuilder:validation:Enum=None;Auto
type Approval string

// Who approves.
const (
	ApprovalNone Approval = "None"
	ApprovalAuto Approval = "Auto"
)

// IssuerUser is an issuer that may use another one as its upstream.
type IssuerUser struct {
	// Kind is TrustIssuer or TrustClusterIssuer (the default).
	//
	// +optional
	// +kubebuilder:validation:Enum=TrustIssuer;TrustClusterIssuer
	Kind string `json:"kind,omitempty"`
	// Namespace of a TrustIssuer.
	//
	// +optional
	Namespace string `json:"namespace,omitempty"`
	// +required
	// +kubebuilder:validation:MinLength=1
	Name string `json:"name"`
}

// Limits bound how a CA is used; zero means no bound.
type Limits struct {
	// RequestsPerSecond is how many requests a second the CA gets on average.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	RequestsPerSecond int32 `json:"requestsPerSecond,omitempty"`
	// Burst is how many requests may come at once.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	Burst int32 `json:"burst,omitempty"`
	// Concurrency is how many requests are under way at the same time.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	Concurrency int32 `json:"concurrency,omitempty"`
}
