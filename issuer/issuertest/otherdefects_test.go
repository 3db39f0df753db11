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

// plain hides all that a backend can do beside issuing.
type plain struct{ issuer.Issuer }

func contextDefects() []defect {
	return []defect{
		{name: "never healthy", spoil: func(_ *testing.T, s *spoilt) {
			s.check = func(context.Context) error { return errDefect }
		}, want: []string{"a healthy backend says so"}},
		{name: "deaf to its context", spoil: func(_ *testing.T, s *spoilt) {
			s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
				return next(context.WithoutCancel(ctx), r)
			}
		}, want: []string{"a request whose context has ended gives that error"}},
		{name: "an ended context is the request's fault", spoil: func(_ *testing.T, s *spoilt) {
			s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
				if err := ctx.Err(); err != nil {
					return nil, &issuer.PermanentError{Reason: "Cancelled", Err: err}
				}
				return next(ctx, r)
			}
		}, want: []string{"a request whose context has ended gives that error"}},
		{name: "an ended context is not named", spoil: func(_ *testing.T, s *spoilt) {
			s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
				if ctx.Err() != nil {
					return nil, errDefect
				}
				return next(ctx, r)
			}
		}, want: []string{"a request whose context has ended gives that error"}},
		{name: "nobody checks answers", careless: carelessOfLies, spoil: func(*testing.T, *spoilt) {}, want: []string{
			"the certificate of another workload is not delivered",
			"a certificate for another key is not delivered",
			"a chain that is upside down is not delivered",
			"a chain without its CAs is not delivered",
			"a certificate that is there twice is not delivered",
			"a chain with a foreign root is not delivered",
			"the certificate of a CA is not delivered",
			"an empty chain is not delivered",
			"an answer that is nothing at all is not delivered",
		}},
	}
}

// signingCAs is [signing] for CAs.
func signingCAs(change func(issuer.IntermediateRequest, *x509.Certificate)) func(*testing.T, *spoilt) {
	return func(_ *testing.T, s *spoilt) {
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
		{name: "no CAs at first", spoil: func(_ *testing.T, s *spoilt) {
			asked := 0
			s.issueCA = func(ctx context.Context, r issuer.IntermediateRequest, next nextCA) (*issuer.Chain, error) {
				if asked++; asked == 1 {
					return nil, errDefect
				}
				return next(ctx, r)
			}
		}, want: []string{"an intermediate is issued if that is claimed"}},
		{name: "constraints that nobody asked for", careless: carelessOfCAs, spoil: signingCAs(func(r issuer.IntermediateRequest, c *x509.Certificate) {
			if r.Constraints == nil {
				c.PermittedDNSDomainsCritical, c.PermittedURIDomains = true, []string{"other.example.com"}
			}
		}), want: []string{"an intermediate issues leaves and CRLs that verify", "an intermediate for another key is not delivered"}},
		{name: "CAs of one name", spoil: signingCAs(func(_ issuer.IntermediateRequest, c *x509.Certificate) {
			c.RawSubject, c.Subject = nil, pkix.Name{CommonName: "east"}
		}), want: []string{"two intermediates of one name differ in their subject"}},
		{name: "nobody checks CAs", careless: carelessOfCAs, spoil: func(*testing.T, *spoilt) {},
			want: []string{"an intermediate for another key is not delivered"}},
		{name: "deaf to the context of a CA", spoil: func(_ *testing.T, s *spoilt) {
			s.issueCA = func(ctx context.Context, r issuer.IntermediateRequest, next nextCA) (*issuer.Chain, error) {
				return next(context.WithoutCancel(ctx), r)
			}
		}, want: []string{"a request for an intermediate whose context has ended gives that error"}},
		{name: "no constraints", spoil: func(_ *testing.T, s *spoilt) {
			s.issueCA = func(ctx context.Context, r issuer.IntermediateRequest, next nextCA) (*issuer.Chain, error) {
				r.Constraints = nil
				return next(ctx, r)
			}
		}, want: []string{"name constraints are kept"}},
		{name: "constraints for a domain above", careless: carelessOfCAs, spoil: signingCAs(func(r issuer.IntermediateRequest, c *x509.Certificate) {
			if r.Constraints != nil {
				c.PermittedURIDomains = []string{"example.com", ".example.com"}
			}
		}), want: []string{"an intermediate for another key is not delivered", "name constraints are kept"}},
	}
}

func TestACapabilityThatIsNotThereIsFound(t *testing.T) {
	t.Parallel()
	g := newGood(t)
	b := g.backend(plain{g})
	s := newSuite(b, everything())
	s.keys = sharedKeys
	got := complaints(t, s, nil)
	want := []string{"a healthy backend says so", "an intermediate is issued if that is claimed"}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("the complaints are %v, want %v", got, want)
	}
}

func TestWhatIsNotClaimedIsReportedOnly(t *testing.T) {
	t.Parallel()
	g := newGood(t)
	b := &spoilt{good: g}
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
		Backend: "good", Lifetime: "ignored", Usages: "ignored", DNSNames: "failed",
		Chain: "leaf, 1 CA", Intermediates: "refused", Constraints: "not tried",
	}
	if got != want {
		t.Errorf("the report is\n%s\nwant\n%s", got, want)
	}
}
