// Package v1alpha1 contains the API types of trustgen.io/v1alpha1: TrustIssuer and
// TrustClusterIssuer. They specify which CA signs, what it may sign and for whom.
//
// The types have no behaviour. csr.NewPolicy checks a [Policy], and backend.New in package
// issuer/backend creates an issuer from an [IssuerSpec].
//
// +kubebuilder:object:generate=true
// +groupName=trustgen.io
package v1alpha1
