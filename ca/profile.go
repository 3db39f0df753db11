package ca

import (
	"crypto"
	"crypto/x509"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// Lifetimes of certificates when nothing else is asked.
const (
	DefaultRootLifetime         = 10 * 365 * 24 * time.Hour
	DefaultIntermediateLifetime = 365 * 24 * time.Hour
	DefaultWorkloadLifetime     = 24 * time.Hour
)

// Backdate is how long before its issuance a certificate becomes valid, for
// verifiers whose clocks are behind.
const Backdate = time.Minute

// Profile fixes all that a certificate holds beside what a [Request] asks. It
// is made by [Intermediate] or [Workload]; the zero Profile issues nothing.
type Profile struct {
	lifetime time.Duration
	shape    shaper
}

// shaper fills in a template, whose serial number, issuer and validity are
// already set.
type shaper interface {
	shape(template, issuer *x509.Certificate, r Request) error
	isLeaf() bool
}

// Request is what the subject of a certificate asks for.
type Request struct {
	// PublicKey is the key to certify. It is the only thing that may come from
	// a CSR.
	PublicKey crypto.PublicKey
	// CommonName is the name of an intermediate, for example its cluster. A tag
	// from the key identifier is added, and a name over 57 characters is cut to
	// make room for it. Workloads have none.
	CommonName string
	// SPIFFEID is the identity of a workload.
	SPIFFEID spiffeid.ID
	// DNSNames are the names of a workload that has no SPIFFE ID, such as
	// istiod. Names and identity exclude each other.
	DNSNames []string
	// ExtKeyUsages of a workload are ServerAuth, ClientAuth or, when empty, both.
	ExtKeyUsages []x509.ExtKeyUsage
	// NotAfter is the end of the certificate, cut to the second. Zero means the
	// lifetime of the profile, counted from now. It must not lie past the end
	// of the issuer.
	NotAfter time.Time
}

func newProfile(lifetime, byDefault time.Duration, s shaper) Profile {
	if lifetime == 0 {
		lifetime = byDefault
	}
	return Profile{lifetime: lifetime, shape: s}
}
