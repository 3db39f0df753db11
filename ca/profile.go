package ca

import (
	"crypto"
	"crypto/x509"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// Default lifetimes of certificates.
const (
	DefaultRootLifetime         = 10 * 365 * 24 * time.Hour
	DefaultIntermediateLifetime = 365 * 24 * time.Hour
	DefaultWorkloadLifetime     = 24 * time.Hour
)

// Backdate is how long before its issuance the validity of a certificate begins, for
// verifiers whose clocks are slow.
const Backdate = time.Minute

// Profile determines all fields of a certificate that are not part of a [Request]. It is made
// by [Intermediate] or [Workload]; the zero Profile issues nothing.
type Profile struct {
	lifetime time.Duration
	shape    shaper
}

// shaper completes a template whose serial number, issuer and validity are set.
type shaper interface {
	shape(template, issuer *x509.Certificate, r Request) error
	isLeaf() bool
}

// Request is the part of a certificate that its subject chooses.
type Request struct {
	// PublicKey is the key to certify. It is the only field that may be copied from a
	// CSR.
	PublicKey crypto.PublicKey
	// CommonName is the name of an intermediate, for example its cluster; it is empty
	// for a workload. A tag from the key identifier is added, see [TaggedName].
	CommonName string
	// SPIFFEID is the identity of a workload.
	SPIFFEID spiffeid.ID
	// DNSNames are the names of a server without a SPIFFE ID, such as istiod.
	DNSNames []string
	// ExtKeyUsages of a workload are ServerAuth, ClientAuth or, when empty, both.
	ExtKeyUsages []x509.ExtKeyUsage
	// NotAfter is the end of the certificate, cut to the second, and no later than the
	// end of the issuer. Zero means the lifetime of the profile from now.
	NotAfter time.Time
}

func newProfile(lifetime, byDefault time.Duration, s shaper) Profile {
	if lifetime == 0 {
		lifetime = byDefault
	}
	return Profile{lifetime: lifetime, shape: s}
}
