// Package local is an issuer in this process: it signs with an authority of package
// ca. [New] takes one whose key is kept elsewhere, such as the directory of
// trustgen; [NewEphemeral] makes one whose key never leaves the process.
package local

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
)

// MinimumLeft is how much of its life an authority must have left to be healthy.
const MinimumLeft = 10 * time.Minute

// Options adjust an issuer; the zero value is good.
type Options struct {
	// Now is the clock; it should be that of the authority. Nil means time.Now.
	Now func() time.Time
}

// Issuer signs with an authority. It implements [issuer.Issuer],
// [issuer.IntermediateIssuer] and [issuer.Checker], and never reloads.
type Issuer struct {
	authority *ca.Authority
	now       func() time.Time
	leaf      ca.Profile
}

// New makes an issuer of an authority.
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

// Issue signs a leaf, which ends with the authority if not before. An authority that
// has ended is a transient error: whoever owns it is going to replace it.
func (i *Issuer) Issue(ctx context.Context, r issuer.Request) (*issuer.Chain, error) {
	return i.sign(ctx, i.leaf, r.Lifetime, ca.Request{
		PublicKey:    r.PublicKey,
		SPIFFEID:     r.SPIFFEID,
		DNSNames:     r.DNSNames,
		ExtKeyUsages: r.ExtKeyUsages,
	})
}

// IssueIntermediate signs a CA that issues leaves only.
func (i *Issuer) IssueIntermediate(ctx context.Context, r issuer.IntermediateRequest) (*issuer.Chain, error) {
	profile, err := ca.Intermediate(ca.IntermediateOptions{Constraints: r.Constraints})
	if err != nil {
		return nil, &issuer.PermanentError{Reason: "Refused", Err: err}
	}
	return i.sign(ctx, profile, r.Lifetime, ca.Request{PublicKey: r.PublicKey, CommonName: r.CommonName})
}

// Check fails when the authority ends within [MinimumLeft].
func (i *Issuer) Check(context.Context) error {
	end := i.authority.Certificate().NotAfter
	if left := end.Sub(i.now()); left < MinimumLeft {
		return fmt.Errorf("the authority %s ends at %s, in less than %s",
			ca.Describe(i.authority.Certificate()), end.UTC().Format(time.RFC3339), MinimumLeft)
	}
	return nil
}

// Certificate is that of the authority. It must not be changed.
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
