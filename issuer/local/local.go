// Package local signs certificates in this process, with an authority of package ca.
// [New] uses an existing authority. [NewEphemeral] generates a key that never leaves the
// process, and has an upstream CA certify it.
package local

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
)

// MinimumLeft is the remaining lifetime that an authority needs to be healthy.
const MinimumLeft = 10 * time.Minute

// Options configure an issuer; the zero value is ready to use.
type Options struct {
	// Now is the clock, which should be the same as that of the authority; nil means
	// time.Now.
	Now func() time.Time
}

// Issuer signs with an authority. It implements [issuer.Issuer],
// [issuer.IntermediateIssuer] and [issuer.Checker].
type Issuer struct {
	authority *ca.Authority
	now       func() time.Time
	leaf      ca.Profile
}

// New returns an issuer that signs with an authority.
func New(a *ca.Authority, o Options) (*Issuer, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	leaf, err := ca.Workload(ca.WorkloadOptions{})
	if err != nil {
		return nil, err
	}
	return &Issuer{authority: a, now: o.Now, leaf: leaf}, nil
}

// Issue signs a leaf, which ends no later than the authority. The error is transient if the
// authority has expired, since its owner will replace it, and a [*issuer.PermanentError] if
// the request cannot be signed.
func (i *Issuer) Issue(ctx context.Context, r issuer.Request) (*issuer.Chain, error) {
	return i.sign(ctx, i.leaf, r.Lifetime, ca.Request{
		PublicKey:    r.PublicKey,
		SPIFFEID:     r.SPIFFEID,
		DNSNames:     r.DNSNames,
		ExtKeyUsages: r.ExtKeyUsages,
	})
}

// IssueIntermediate signs a CA with path length 0, which can issue only leaves. Its errors
// are those of Issue.
func (i *Issuer) IssueIntermediate(ctx context.Context, r issuer.IntermediateRequest) (*issuer.Chain, error) {
	profile, err := ca.Intermediate(ca.IntermediateOptions{Constraints: r.Constraints})
	if err != nil {
		return nil, &issuer.PermanentError{Reason: "Refused", Err: err}
	}
	return i.sign(ctx, profile, r.Lifetime, ca.Request{PublicKey: r.PublicKey, CommonName: r.CommonName})
}

// Check returns an error if the authority ends within [MinimumLeft].
func (i *Issuer) Check(context.Context) error {
	end := i.authority.Certificate().NotAfter
	if left := end.Sub(i.now()); left < MinimumLeft {
		return fmt.Errorf("the authority %s ends at %s, in less than %s",
			ca.Describe(i.authority.Certificate()), end.UTC().Format(time.RFC3339), MinimumLeft)
	}
	return nil
}

// Certificate returns the certificate of the authority. The caller must not modify it.
func (i *Issuer) Certificate() *x509.Certificate { return i.authority.Certificate() }

func (i *Issuer) sign(ctx context.Context, p ca.Profile, lifetime time.Duration, r ca.Request) (*issuer.Chain, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	now, end := i.now(), i.authority.Certificate().NotAfter
	if !end.After(now) {
		return nil, i.Check(ctx)
	}
	if r.NotAfter = now.Add(lifetime); r.NotAfter.After(end) {
		r.NotAfter = end
	}
	draft, err := i.authority.Prepare(p, r)
	if err != nil {
		return nil, &issuer.PermanentError{Reason: "Refused", Err: err}
	}
	cert, err := i.authority.Issue(draft)
	if err != nil {
		return nil, err
	}
	return &issuer.Chain{Certificates: append([]*x509.Certificate{cert}, i.authority.Chain()...)}, nil
}
