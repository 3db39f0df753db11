// Package v1alpha1 holds the API types of trustgen.io/v1alpha1: TrustIssuer and
// TrustClusterIssuer, which say which CA signs, what it may sign and for whom.
//
// The types only carry values. A [Policy] is checked and sealed by csr.NewPolicy, a
// [Backend] becomes an issuer in package issuer/backend.
//
// +kubebuilder:object:generate=true
// +groupName=trustgen.io
package v1alpha1
