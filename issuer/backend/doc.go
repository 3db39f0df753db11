// Package backend creates an issuer from its specification, see [New]. It is the only
// package that knows all backends: a new one is a field in v1alpha1.Backend and an entry
// in the table here.
//
// The Secrets and ConfigMaps that a specification refers to come from [Sources]: a
// cluster, or the documents of a file, see [ParseManifest].
package backend
