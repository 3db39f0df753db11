package issuertest

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"testing"
	"time"

	"github.com/trustgen/trustgen/issuer"
)

// plain hides the optional interfaces of a backend.
type plain struct{ issuer.Issuer }

func contextDefects() []defect {
	return []defect{
		{name: "a health check that always fails", inject: func(_ *testing.T, s *defective) {
			s.check = func(context.Context) error { return errDefect }
		}, want: []string{"a health check succeeds"}},
		{name: "the context is ignored", inject: func(_ *testing.T, s *defective) {
			s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
				return next(context.WithoutCancel(ctx), r)
			}
		}, want: []string{"a request with an ended context returns its error"}},
		{name: "an ended context is a permanent error", inject: func(_ *testing.T, s *defective) {
			s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
				if err := ctx.Err(); err != nil {
					return nil, &issuer.PermanentError{Reason: "Cancelled", Err: err}
				}
				return next(ctx, r)
			}
		}, want: []string{"a request with an ended context returns its error"}},
		{name: "an ended context has another error", inject: func(_ *testing.T, s *defective) {
			s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
				if ctx.Err() != nil {
					return nil, errDefect
				}
				return next(ctx, r)
			}
		}, want: []string{"a request with an ended context returns its error"}},
		{name: "responses are not checked", unchecked: uncheckedTampering, inject: func(*testing.T, *defective) {}, want: []string{
			"the certificate of another workload is rejected",
			"a certificate for another key is rejected",
			"a reversed chain is rejected",
			"a chain without its CAs is rejected",
			"a duplicate certificate is rejected",
			"a chain with a foreign root is rejected",
			"the certificate of a CA is rejected",
			"an empty chain is rejected",
			"a nil chain is rejected",
		}},
	}
}

// signingCAs is [signing] for intermediates.
func signingCAs(change func(issuer.IntermediateRequest, *x509.Certificate)) func(*testing.T, *defective) {
	return func(_ *testing.T, s *defective) {
		s.issueCA = func(ctx context.Context, r issuer.IntermediateRequest, next nextCA) (*issuer.Chain, error) {
			chain, err := next(ctx, r)
			if err != nil {
				return nil, err
			}
			return s.resign(chain, func(c *x509.Certificate) { change(r, c) })
		}
	}
}

func intermediateDefects() []defect {
	return []defect{
		{name: "the first intermediate fails", inject: func(_ *testing.T, s *defective) {
			requests := 0
			s.issueCA = func(ctx context.Context, r issuer.IntermediateRequest, next nextCA) (*issuer.Chain, error) {
				if requests++; requests == 1 {
					return nil, errDefect
				}
				return next(ctx, r)
			}
		}, want: []string{"an intermediate is issued if claimed"}},
		{name: "constraints that were not granted", unchecked: uncheckedCAs, inject: signingCAs(func(r issuer.IntermediateRequest, c *x509.Certificate) {
			if r.Constraints == nil {
				c.PermittedDNSDomainsCritical, c.PermittedURIDomains = true, []string{"other.example.com"}
			}
		}), want: []string{"an intermediate issues valid leaves and CRLs", "an intermediate for another key is rejected"}},
		{name: "intermediates with one subject", inject: signingCAs(func(_ issuer.IntermediateRequest, c *x509.Certificate) {
			c.RawSubject, c.Subject = nil, pkix.Name{CommonName: "east"}
		}), want: []string{"two intermediates with one name have different subjects"}},
		{name: "intermediates are not checked", unchecked: uncheckedCAs, inject: func(*testing.T, *defective) {},
			want: []string{"an intermediate for another key is rejected"}},
		{name: "the context of an intermediate request is ignored", inject: func(_ *testing.T, s *defective) {
			s.issueCA = func(ctx context.Context, r issuer.IntermediateRequest, next nextCA) (*issuer.Chain, error) {
				return next(context.WithoutCancel(ctx), r)
			}
		}, want: []string{"an intermediate request with an ended context returns its error"}},
		{name: "no constraints", inject: func(_ *testing.T, s *defective) {
			s.issueCA = func(ctx context.Context, r issuer.IntermediateRequest, next nextCA) (*issuer.Chain, error) {
				r.Constraints = nil
				return next(ctx, r)
			}
		}, want: []string{"name constraints are certified"}},
		{name: "constraints for the parent domain", unchecked: uncheckedCAs, inject: signingCAs(func(r issuer.IntermediateRequest, c *x509.Certificate) {
			if r.Constraints != nil {
				c.PermittedURIDomains = []string{"example.com", ".example.com"}
			}
		}), want: []string{"an intermediate for another key is rejected", "name constraints are certified"}},
	}
}

func TestCases_FindAMissingCapability(t *testing.T) {
	t.Parallel()
	g := newReference(t)
	b := g.backend(plain{g})
	s := newSuite(b, everything())
	s.keys = sharedKeys
	got := failures(t, s, nil)
	want := []string{"a health check succeeds", "an intermediate is issued if claimed"}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("the failures are %v, want %v", got, want)
	}
}

func TestRun_UnclaimedFeaturesAreReported(t *testing.T) {
	t.Parallel()
	g := newReference(t)
	b := &defective{reference: g}
	b.issueCA = func(context.Context, issuer.IntermediateRequest, nextCA) (*issuer.Chain, error) {
		return nil, &issuer.PermanentError{Reason: "Refused", Err: errors.New("no CAs here")}
	}
	b.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
		if len(r.DNSNames) > 0 {
			return nil, errDefect
		}
		r.Lifetime = time.Hour
		r.ExtKeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		chain, err := next(ctx, r)
		if err != nil {
			return nil, err
		}
		return &issuer.Chain{Certificates: chain.Certificates[:2]}, nil
	}
	got := runShared(t, func(*testing.T, *Proxy) Backend { return g.backend(b) }, Capabilities{})
	want := Report{
		Backend: "reference", Lifetime: "ignored", Usages: "ignored", DNSNames: "failed",
		Chain: "leaf, 1 CA", Intermediates: "refused", Constraints: "not tried",
	}
	if got != want {
		t.Errorf("the report is\n%s\nwant\n%s", got, want)
	}
}
