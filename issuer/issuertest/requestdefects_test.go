package issuertest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/issuer"
)

var errDefect = errors.New("the defect")

// refusing is the defect of a backend that does not serve some requests.
func refusing(refuse func(issuer.Request) bool) func(*testing.T, *spoilt) {
	return func(_ *testing.T, s *spoilt) {
		s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
			if refuse(r) {
				return nil, errDefect
			}
			return next(ctx, r)
		}
	}
}

// changing is the defect of one that reads another request than it was given.
func changing(change func(*issuer.Request)) func(*testing.T, *spoilt) {
	return func(_ *testing.T, s *spoilt) {
		s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
			change(&r)
			return next(ctx, r)
		}
	}
}

// signing is the defect of one whose certificates say something else.
func signing(change func(issuer.Request, *x509.Certificate)) func(*testing.T, *spoilt) {
	return func(_ *testing.T, s *spoilt) {
		s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
			chain, err := next(ctx, r)
			if err != nil {
				return nil, err
			}
			return s.resign(chain, func(c *x509.Certificate) { change(r, c) })
		}
	}
}

// csrOf reads a CSR; that of a request without one is empty.
func csrOf(r issuer.Request) *x509.CertificateRequest {
	csr, err := x509.ParseCertificateRequest(r.CSR)
	if err != nil {
		return &x509.CertificateRequest{PublicKey: r.PublicKey}
	}
	return csr
}

func isRSA(bits int) func(issuer.Request) bool {
	return func(r issuer.Request) bool {
		key, ok := r.PublicKey.(*rsa.PublicKey)
		return ok && key.N.BitLen() == bits
	}
}

func requestDefects() []defect {
	return slices.Concat(keyDefects(), nameDefects(), csrDefects(), lifetimeDefects(), repeatDefects())
}

func keyDefects() []defect {
	return []defect{
		{name: "none", spoil: func(*testing.T, *spoilt) {}, want: []string{}},
		{name: "the first request fails", spoil: func(_ *testing.T, s *spoilt) {
			var asked atomic.Int32
			refusing(func(issuer.Request) bool { return asked.Add(1) == 1 })(nil, s)
		}, want: []string{"a P-256 key is certified"}},
		{name: "no P-384", spoil: refusing(func(r issuer.Request) bool {
			key, ok := r.PublicKey.(*ecdsa.PublicKey)
			return ok && key.Curve == elliptic.P384()
		}), want: []string{"a P-384 key is certified"}},
		{name: "no RSA-2048", spoil: refusing(isRSA(2048)), want: []string{"an RSA key of 2048 bits is certified"}},
		{name: "no RSA-3072", spoil: refusing(isRSA(3072)), want: []string{"an RSA key of 3072 bits is certified"}},
	}
}

func nameDefects() []defect {
	usage := func(from []x509.ExtKeyUsage) func(*issuer.Request) {
		return func(r *issuer.Request) { r.ExtKeyUsages = from }
	}
	both := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	server := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	return []defect{
		{name: "names in lower case", spoil: changing(func(r *issuer.Request) {
			if r.SPIFFEID != (spiffeid.ID{}) {
				r.SPIFFEID = spiffeid.RequireFromString(strings.ToLower(r.SPIFFEID.String()))
			}
		}), want: []string{"a SPIFFE ID is kept to the letter"}},
		{name: "no DNS names", spoil: refusing(func(r issuer.Request) bool { return len(r.DNSNames) > 0 }),
			want: []string{"DNS names are kept"}},
		{name: "usages of its own", spoil: changing(usage(both)),
			want: []string{"a server gets serverAuth alone", "a client gets clientAuth alone"}},
		{name: "no clients", spoil: refusing(func(r issuer.Request) bool { return !slices.Contains(r.ExtKeyUsages, server[0]) }),
			want: []string{"a client gets clientAuth alone"}},
		{name: "a forbidden identity is issued", spoil: func(_ *testing.T, s *spoilt) {
			s.issue = func(ctx context.Context, r issuer.Request, _ next) (*issuer.Chain, error) {
				return s.Issuer.Issue(ctx, r)
			}
		}, want: []string{"a forbidden identity is refused for good"}},
		{name: "a refusal that does not say that it is for good", spoil: func(_ *testing.T, s *spoilt) {
			refusing(func(r issuer.Request) bool { return r.SPIFFEID == s.forbidden })(nil, s)
		}, want: []string{"a forbidden identity is refused for good"}},
		{name: "the root is not in the answer", spoil: func(_ *testing.T, s *spoilt) {
			s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
				chain, err := next(ctx, r)
				if err != nil {
					return nil, err
				}
				return &issuer.Chain{Certificates: chain.Certificates[:2]}, nil
			}
		}, want: []string{"an answer holds every CA below the root"}},
	}
}

func csrDefects() []defect {
	return []defect{
		{name: "the names of the CSR", careless: carelessOfAnswers, spoil: signing(func(r issuer.Request, c *x509.Certificate) {
			c.DNSNames = csrOf(r).DNSNames
		}), want: []string{"a CSR with foreign names gives the granted ones or nothing"}},
		{name: "the subject of the CSR", careless: carelessOfAnswers, spoil: signing(func(r issuer.Request, c *x509.Certificate) {
			c.RawSubject, c.Subject = nil, csrOf(r).Subject
		}), want: []string{"a CSR with a subject gives an empty one or nothing"}},
		{name: "a CA, if the CSR asks for one", spoil: signing(func(r issuer.Request, c *x509.Certificate) {
			c.IsCA = slices.ContainsFunc(csrOf(r).Extensions, func(e pkix.Extension) bool { return e.Id.String() == "2.5.29.19" })
		}), want: []string{"a CSR that asks for a CA never gives one"}},
		{name: "the key of the CSR", careless: carelessOfAnswers, spoil: signing(func(r issuer.Request, c *x509.Certificate) {
			c.PublicKey = csrOf(r).PublicKey
		}), want: []string{"a CSR of another key gives the granted key or nothing"}},
		{name: "a CSR that cannot be read gives any key", careless: carelessOfAnswers, spoil: signing(func(r issuer.Request, c *x509.Certificate) {
			if _, err := x509.ParseCertificateRequest(r.CSR); err != nil && r.CSR != nil {
				c.PublicKey = issuingKey().Public()
			}
		}), want: []string{"a CSR that cannot be read gives the granted certificate or nothing"}},
		{name: "a CSR is needed, which was not said", spoil: refusing(func(r issuer.Request) bool { return r.CSR == nil }),
			want: []string{"a request without a CSR is granted or refused for good"}},
		{name: "a CSR is needed, and its lack forgiven later", spoil: refusing(func(r issuer.Request) bool { return r.CSR == nil }),
			claims: func(c *Capabilities) { c.NeedsCSR = true },
			want:   []string{"a request without a CSR is granted or refused for good"}},
	}
}

func lifetimeDefects() []defect {
	return []defect{
		{name: "a lifetime of its own", spoil: changing(func(r *issuer.Request) { r.Lifetime = time.Hour }),
			want: []string{"a lifetime is kept"}},
		{name: "half the lifetime", spoil: changing(func(r *issuer.Request) { r.Lifetime /= 2 }),
			want: []string{"a lifetime is kept"}},
		{name: "twice a lifetime that is long", careless: carelessOfAnswers, spoil: signing(func(r issuer.Request, c *x509.Certificate) {
			if r.Lifetime == 24*time.Hour {
				c.NotAfter = c.NotAfter.Add(24 * time.Hour)
			}
		}), want: []string{"a long lifetime is kept, cut or refused"}},
		{name: "leaves that outlive their CA", careless: carelessOfAnswers, spoil: func(_ *testing.T, s *spoilt) {
			signing(func(_ issuer.Request, c *x509.Certificate) {
				if c.NotAfter.Equal(s.issuing.Certificate().NotAfter) {
					c.NotAfter = c.NotAfter.Add(time.Hour)
				}
			})(nil, s)
		}, want: []string{"a certificate does not outlive its issuer"}},
	}
}

func repeatDefects() []defect {
	return []defect{
		{name: "one serial number", spoil: signing(func(_ issuer.Request, c *x509.Certificate) { c.SerialNumber = big.NewInt(7) }),
			want: []string{"concurrent requests get a certificate each", "serial numbers do not repeat"}},
		{name: "it is soon too busy", spoil: func(_ *testing.T, s *spoilt) {
			var busy atomic.Int32
			s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
				defer busy.Add(-1)
				if busy.Add(1) > 1 {
					return nil, errDefect
				}
				<-time.After(time.Second) // of the bubble: until nobody else can come
				return next(ctx, r)
			}
		}, want: []string{"concurrent requests get a certificate each"}},
		{name: "a CSR counts once", spoil: func(_ *testing.T, s *spoilt) {
			seen := make(map[string]bool)
			lock := make(chan struct{}, 1)
			refusing(func(r issuer.Request) bool {
				lock <- struct{}{}
				defer func() { <-lock }()
				known := seen[string(r.CSR)]
				seen[string(r.CSR)] = r.CSR != nil
				return known
			})(nil, s)
		}, want: []string{"the same CSR twice gives two valid certificates"}},
	}
}
