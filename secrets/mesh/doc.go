// Package mesh decides what the CAs of a mesh mean for each other: which of them are valid,
// what may be issued, revoked and merged, and which CRLs every cluster needs.
//
// Start with [New]: it makes a [Mesh] from what one place, such as a trust directory, holds.
// Everything after that is a pure function of these values and of the one instant that New is
// given. There is no I/O, no clock and no key in this package: it returns what has to be
// signed and written, and whoever has the keys does it.
//
// # CAs and certificates
//
// A [CA] is a name and a key. It signs certificates and CRLs. A [Certificate] certifies a CA:
// its issuer vouches for name and key, under a serial number, until it expires or the issuer's
// CRL revokes that serial number (RFC 5280 §5). A CA has several certificates if its issuer
// renewed it, if a second root cross-signed it, or if two copies of a directory signed the same
// request.
//
// # Role and lifecycle
//
// The [Role] of a CA is what it does in the mesh. Its [Lifecycle] is how far it is trusted. The
// two are independent: a current intermediate can be revoked.
//
// [Mesh.Intermediates] is the one place that decides which intermediates of a cluster are live.
package mesh
