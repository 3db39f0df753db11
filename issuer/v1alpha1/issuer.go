package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Names of the API.
const (
	Group      = "trustgen.io"
	Version    = "v1alpha1"
	APIVersion = Group + "/" + Version

	KindTrustIssuer        = "TrustIssuer"
	KindTrustClusterIssuer = "TrustClusterIssuer"
)

// TrustIssuer is an issuer for the workloads of its own namespace.
type TrustIssuer struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec IssuerSpec `json:"spec"`
}

// TrustClusterIssuer is an issuer for a whole cluster.
type TrustClusterIssuer struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec IssuerSpec `json:"spec"`
}

// IssuerSpec is what an issuer is told: which CA signs, where its answers must lead
// to, and what may be signed.
type IssuerSpec struct {
	Backend `json:",inline"`

	// TrustAnchors are the roots that every answer of the CA must lead to. They are
	// required, and never taken from an answer.
	TrustAnchors CertificateSource `json:"trustAnchors"`

	// Policy says what may be signed and by whom. An empty policy signs nothing.
	Policy Policy `json:"policy,omitzero"`

	// Limits bound how the CA is used.
	Limits Limits `json:"limits,omitzero"`
}

// Limits bound how a CA is used; zero means no bound.
type Limits struct {
	// RequestsPerSecond is how many requests a second the CA gets on average.
	RequestsPerSecond int `json:"requestsPerSecond,omitempty"`
	// Burst is how many requests may come at once.
	Burst int `json:"burst,omitempty"`
	// Concurrency is how many requests are under way at the same time.
	Concurrency int `json:"concurrency,omitempty"`
}
