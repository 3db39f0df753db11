// Package verifiers runs independent implementations on the chains of a mesh.
//
// # Verifiers
//
// OpenSSL, GnuTLS and Go's crypto/x509 judge a chain by itself. Three JavaScript runtimes judge it
// inside a real mutual-TLS connection with a Go peer, each with the TLS stack that it was built with:
// OpenSSL in node, BoringSSL in bun, and rustls with webpki in deno. [Find] returns all six.
//
// OpenSSL, BoringSSL and GnuTLS check a chain against CRLs if there are some. crypto/x509 has no API for
// CRLs, and deno reads them without using them: both judge as if there were none.
//
// # Lint
//
// [Lint] runs zlint on a certificate, with the rules of the RFCs for a private PKI.
package verifiers

import (
	"context"
	"time"
)

// timeout ends a verifier that hangs. None needs more than a second on an idle machine.
const timeout = 30 * time.Second

// A Verifier judges the chain that one end of a connection presents.
type Verifier interface {
	// Name is the library, and the program and version that contain it.
	Name() string

	// Verify returns nil if the verifier accepts the chain that side presents, an error wrapping
	// *Refusal if it refuses the chain, and another error if it could not judge.
	Verify(ctx context.Context, c Connection, side Side) error
}

// An AuthorityVerifier also judges authorities by themselves.
type AuthorityVerifier interface {
	Verifier

	// VerifyAuthority judges a chain that begins with an authority, as a signer of CRLs. Its errors
	// are those of Verify.
	VerifyAuthority(ctx context.Context, roots, chain []byte) error
}

// A Side is an end of a connection.
type Side int

// The two ends of a connection, as indexes of [Connection.Ends].
const (
	Server Side = iota
	Client
)

// Sides returns both ends, for loops.
func Sides() []Side { return []Side{Server, Client} }

// Peer is the other end, which judges.
func (s Side) Peer() Side { return 1 - s }

func (s Side) String() string { return [...]string{Server: "server", Client: "client"}[s] }

// A Connection is mutual TLS between two workloads.
type Connection struct {
	ServerName string // the DNS name that the client expects of the server
	Ends       [2]Workload
}

// A Workload has the files of one end, in PEM, as Istio writes them for a proxy.
type Workload struct {
	Roots []byte // trusted roots
	CRLs  []byte // checked for every certificate of the peer; no revocation check if empty
	Chain []byte // presented, leaf first
	Key   []byte // the leaf's key
}

// A Refusal means that a verifier judged a chain and did not accept it.
type Refusal struct {
	Reason string // in the verifier's words
}

func (r *Refusal) Error() string { return "refused: " + r.Reason }
