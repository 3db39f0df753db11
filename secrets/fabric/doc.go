// Package fabric keeps the trust of a mesh in a directory: one root, and an
// intermediate CA for each cluster. It is what the commands of trustgen call, and
// what a program calls that wants the same.
//
// # The directory
//
//	fabric.yaml                     the trust domain
//	root-cert.pem, root-key.pem     the root; its key may be moved elsewhere
//	clusters/<cluster>/             what the istiod of a cluster reads
//	superseded/                     what was replaced, by its name and the time
//	.trustgen/                      the files of package store
//
// Every change is one transaction of package store: all of it happens or nothing,
// also when the process is killed.
package fabric
