package issuertest

import (
	"crypto/x509"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
)

// Backend is an issuer under test, with what a caller knows of it.
type Backend struct {
	// Name is what it is called in errors and in the [Report]; empty means
	// "backend".
	Name string
	// Issuer is required. [issuer.Checker] and [issuer.IntermediateIssuer] are
	// found by [issuer.As].
	Issuer issuer.Issuer
	// Intermediates issues CAs, if Issuer does not. Its answers lead to Roots too.
	Intermediates issuer.IntermediateIssuer
	// Roots are required: those that its answers lead to.
	Roots []*x509.Certificate
	// TrustDomain is that of the SPIFFE IDs that it may issue, all of which begin
	// with /ns/; empty means "cluster.local".
	TrustDomain string
	// DNSName is a name that it may issue, and constrain a CA to; empty means
	// "istiod.istio-system.svc".
	DNSName string
	// Forbidden is an identity that it refuses for good. The zero ID means that it
	// knows of none.
	Forbidden spiffeid.ID
	// Lifetime is what certificates are asked for; zero means an hour. For a
	// backend with a lifetime of its own it is that one.
	Lifetime time.Duration
	// AllowSubject and Except are those of [issuer.ObtainOptions].
	AllowSubject bool
	Except       []ca.Rule
	// Now is the clock of the backend; nil means time.Now.
	Now func() time.Time
}

// complete fills in what a backend leaves out.
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

// Capabilities are what a backend claims, beside the contract. A claim that is not
// kept fails the test; what a backend can do and does not claim is reported only.
type Capabilities struct {
	// Lifetime: a certificate lives as long as it was asked for, if that is at most
	// the Lifetime of the [Backend].
	Lifetime bool
	// Usages: it gives a certificate serverAuth alone, or clientAuth alone.
	Usages bool
	// DNSNames: it issues certificates for DNS names.
	DNSNames bool
	// Chain: its answers end with the root. Without it, [issuer.Obtain] adds the
	// root; the CAs between are part of every answer.
	Chain bool
	// NeedsCSR: it refuses a request without a CSR for good.
	NeedsCSR bool
	// Check: it is an [issuer.Checker].
	Check bool
	// Intermediates: it is an [issuer.IntermediateIssuer].
	Intermediates bool
	// Constraints: its CAs have the name constraints that they were granted.
	Constraints bool
	// Network: its CA is reached through the [Proxy].
	Network bool
}
