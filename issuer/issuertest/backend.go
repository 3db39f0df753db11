package issuertest

import (
	"crypto/x509"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
)

// Backend is an issuer under test, and its configuration.
type Backend struct {
	// Name is the name in errors and in the [Report]; empty means "backend".
	Name string
	// Issuer is required. The suite finds [issuer.Checker] and
	// [issuer.IntermediateIssuer] with [issuer.As].
	Issuer issuer.Issuer
	// Intermediates issues intermediate CAs, if Issuer does not. Its chains lead to Roots
	// too.
	Intermediates issuer.IntermediateIssuer
	// Roots are the roots of its chains. They are required.
	Roots []*x509.Certificate
	// TrustDomain is a trust domain for which it issues all SPIFFE IDs whose path begins
	// with /ns/issuertest/sa/; empty means "cluster.local".
	TrustDomain string
	// DNSName is a name that it issues, and to which it can constrain a CA; empty means
	// "istiod.istio-system.svc".
	DNSName string
	// Forbidden is an identity that it rejects with a [*issuer.PermanentError]. The case
	// is left out for the zero ID.
	Forbidden spiffeid.ID
	// Lifetime is the requested lifetime; zero means an hour. Set it to the lifetime of a
	// backend that ignores the requested one.
	Lifetime time.Duration
	// AllowSubject and Except are the fields of [issuer.ObtainOptions].
	AllowSubject bool
	Except       []ca.Rule
	// Now is the clock of the backend; nil means time.Now.
	Now func() time.Time
}

// complete sets defaults.
func (b Backend) complete() Backend {
	if b.Name == "" {
		b.Name = "backend"
	}
	if b.Intermediates == nil {
		b.Intermediates, _ = issuer.As[issuer.IntermediateIssuer](b.Issuer)
	}
	if b.TrustDomain == "" {
		b.TrustDomain = "cluster.local"
	}
	if b.DNSName == "" {
		b.DNSName = "istiod.istio-system.svc"
	}
	if b.Lifetime == 0 {
		b.Lifetime = time.Hour
	}
	if b.Now == nil {
		b.Now = time.Now
	}
	return b
}

// Capabilities are the optional features that a backend claims. A feature that is claimed
// and missing fails the test; one that is not claimed is only reported.
type Capabilities struct {
	// Lifetime: a certificate has the requested lifetime, up to the Lifetime of the
	// [Backend].
	Lifetime bool
	// Usages: it issues certificates with only serverAuth or only clientAuth.
	Usages bool
	// DNSNames: it issues certificates for DNS names.
	DNSNames bool
	// Chain: its chains end with the root. If not, [issuer.Obtain] adds the root; the
	// intermediates are always part of the chain.
	Chain bool
	// NeedsCSR: it rejects a request without a CSR with a [*issuer.PermanentError].
	NeedsCSR bool
	// Check: it implements [issuer.Checker].
	Check bool
	// Intermediates: it implements [issuer.IntermediateIssuer].
	Intermediates bool
	// Constraints: its intermediates have the granted name constraints.
	Constraints bool
	// Network: it reaches its CA through the [Proxy].
	Network bool
}
