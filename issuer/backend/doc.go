// Package backend turns the specification of an issuer into the issuer. It is the one
// place that knows all backends: a new one is a field in v1alpha1.Backend and an
// entry in the table here.
//
// What a specification refers to comes from [Sources]: a cluster, or the documents
// of a file, see [ParseManifest].
package backend
