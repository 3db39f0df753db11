// Package fabric keeps the trust of a mesh in a directory: one root, and an
// intermediate CA for each cluster. It is what the commands of trustgen call, and
// what a program calls that wants the same.
//
// The root is made by [Fabric.Init] or imported by [Fabric.Import]. In between an issuing
// CA may stand whose root has its key elsewhere; it issues for the clusters then.
//
// # The directory
//
//	fabric.yaml                     the trust domain, name constraints, and whether CRLs are published
//	root-cert.pem, root-key.pem     the root; its key may be moved elsewhere
//	issuing-cert.pem, -key.pem      the issuing CA below the root, if there is one
//	clusters/<cluster>/             what the istiod of a cluster reads
//	requests/<cluster>/             a key that waits for its certificate, and its request
//	authorities/<key>.yaml          a record of each CA that can stand in a chain of the mesh
//	superseded/                     what was replaced, by its name and the time
//	.trustgen/                      the files of package store
//
// Keys are PKCS #8, and readable by their owner only. That of the root or of the issuing
// CA can be encrypted with a passphrase, those of the clusters cannot: istiod could not
// read them.
//
// Every change is one transaction of package store: all of it happens or nothing,
// also when the process is killed.
//
// # Revocation
//
// A record holds the newest CRL of its CA. What is revoked stands in the CRL of the CA that
// issued it, and nowhere else. A fabric that publishes CRLs, which [Fabric.RefreshCRLs] and
// [Fabric.Revoke] begin, keeps the complete set of them in the folder of every cluster: whatever
// brings a CA into the mesh brings its CRL to all of them in the same transaction, or is refused
// with an [*IncompleteError].
//
// # Three places
//
// The key of a cluster need not be where the root is: [Fabric.Request] makes it in one
// directory, [Fabric.Sign] certifies it in another one, and [Fabric.Install] puts the two
// together in the first.
package fabric
