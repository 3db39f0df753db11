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

// TrustClusterIssuer is an issuer for a whole cluster. Whoever may create or change one can
// obtain any identity of the mesh.
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

// IssuerSpec specifies the CA that signs, the roots that its chains must lead to, and what
// may be signed.
//
// +kubebuilder:validation:XValidation:rule="[has(self.ca), has(self.ephemeral), has(self.cfssl)].filter(x, x).size() == 1",message="exactly one of ca, ephemeral and cfssl is required"
type IssuerSpec struct {
	Backend `json:",inline"`

	// TrustAnchors are the roots that every chain from the CA must lead to. They are never
	// read from a response of the CA.
	//
	// +required
	TrustAnchors CertificateSource `json:"trustAnchors"`

	// Policy specifies what may be signed and for whom. An empty policy allows nothing.
	//
	// +optional
	Policy Policy `json:"policy,omitzero"`

	// Chain specifies whether the issued chain ends with the root. An Istio workload
	// trusts the last certificate of its chain, so omit the root only if istiod appends
	// it.
	//
	// +optional
	// +kubebuilder:default=ChainWithRoot
	Chain ChainForm `json:"chain,omitempty"`

	// Approval by the controller: None leaves the approval to others, such as istiod. Auto
	// approves requests that the policy allows and denies all others; use it for
	// requesters that may not approve their own requests.
	//
	// +optional
	// +kubebuilder:default=None
	Approval Approval `json:"approval,omitempty"`

	// Limits limit the use of the CA.
	//
	// +optional
	Limits Limits `json:"limits,omitzero"`

	// AllowIntermediates lists the ephemeral issuers whose intermediates this issuer
	// signs. The default is none.
	//
	// +optional
	// +kubebuilder:validation:MaxItems=64
	AllowIntermediates []IssuerUser `json:"allowIntermediates,omitempty"`
}

// ChainForm specifies the last certificate of a chain.
//
// +kubebuilder:validation:Enum=ChainWithRoot;Chain
type ChainForm string

// The forms of a chain.
const (
	ChainWithRoot    ChainForm = "ChainWithRoot"
	ChainWithoutRoot ChainForm = "Chain"
)

// Approval specifies who approves requests.
//
// +kubebuilder:validation:Enum=None;Auto
type Approval string

// The values of [Approval].
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

// Limits limit the use of a CA; zero means no limit.
type Limits struct {
	// RequestsPerSecond is the average number of requests a second.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	RequestsPerSecond int32 `json:"requestsPerSecond,omitempty"`
	// Burst is the number of requests that may start at once.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	Burst int32 `json:"burst,omitempty"`
	// Concurrency is the number of requests in progress at the same time.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	Concurrency int32 `json:"concurrency,omitempty"`
}
