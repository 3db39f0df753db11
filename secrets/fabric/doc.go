// Package fabric keeps the trust of a mesh in a directory: one root, and an intermediate CA
// for each cluster. It is what the commands of trustgen call.
//
// Call [Open] first, then [Fabric.Ensure]: it creates a root if there is none, and gives each
// cluster a valid intermediate. The result has a Rollout: the steps that bring the change to the
// clusters, in their order. [Fabric.Bundle] is what the istiod of a cluster reads.
//
// [Fabric.Init] creates a root alone, [Fabric.Import] takes an existing root, or an issuing CA
// below a root whose key stays in another place.
//
// # The directory
//
//	fabric.yaml                     the layout version, trust domain, name constraints, and whether CRLs are published
//	root-cert.pem, root-key.pem     the root; its key may be moved to another place
//	issuing-cert.pem, -key.pem      the issuing CA below the root, if there is one
//	clusters/<cluster>/             the CA bundle of a cluster
//	requests/<cluster>/             a key that waits for its certificate, and its request
//	authorities/<key>.yaml          a record of each CA that can stand in a chain of the mesh
//	superseded/                     what was replaced, by its name and the time
//	.trustgen/                      the files of package store
//
// Keys are PKCS #8, and readable by their owner only. The key of the root or of the issuing CA
// can be encrypted with a passphrase. The keys of the clusters cannot: istiod could not read
// them.
//
// Every change is one transaction of package store: all of it happens or nothing, also when the
// process is killed. Package mesh decides what a change means; this package loads, asks for
// passphrases, signs and saves.
//
// # Revocation
//
// A record holds the newest CRL of its CA. A revoked CA stands in the CRL of its issuer. A
// fabric publishes CRLs as of the first [Fabric.RefreshCRLs] or [Fabric.Revoke]: every cluster
// then has the complete CRL bundle in its folder. An operation that brings a CA into the mesh
// brings its CRL to all clusters in the same transaction, or fails with a
// [*mesh.IncompleteError].
//
// # Three places
//
// The key of a cluster and the root can be in different directories: [Fabric.Request] makes the
// key in one directory, [Fabric.Sign] certifies it in another one, and [Fabric.Install] puts the
// two together in the first.
//
// # Errors
//
// By what a caller does next:
//   - fix the input: [*mesh.ClusterNameError], [*mesh.NoIntermediateError],
//     [*mesh.NoCertificateError], [mesh.ErrKeyInUse], [*ca.LifetimeError], [*ca.RuleError],
//     [ErrClusterUnnamed], [*UnknownClusterError], [ErrNoRequest], [ErrRootExists], [ErrNoRoot]
//   - give a key or a passphrase: [ErrKeyMissing], [ErrPassphraseMissing],
//     [ErrNewPassphraseMissing], [ErrPassphraseShort], [ca.ErrWrongPassword]
//   - bring CRLs, from the directories that have the keys: [*mesh.IncompleteError]
//   - wait: [*store.LockedError], [*PendingRequestError]
//   - ask an operator: [*DamagedError], [*RequestError], [*LayoutError], [*mesh.RevokedError],
//     [*mesh.RetiredError], [*mesh.RemoteKeyError], [*mesh.NoSuccessorError],
//     [*mesh.WithdrawnError]
package fabric
