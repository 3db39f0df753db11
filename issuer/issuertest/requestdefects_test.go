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

// refusing returns a defect: some requests fail.
func refusing(refuse func(issuer.Request) bool) func(*testing.T, *defective) {
	return func(_ *testing.T, s *defective) {
		s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
			if refuse(r) {
				return nil, errDefect
			}
			return next(ctx, r)
		}
	}
}

// changing returns a defect: the backend issues for a changed request.
func changing(change func(*issuer.Request)) func(*testing.T, *defective) {
	return func(_ *testing.T, s *defective) {
		s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
			change(&r)
			return next(ctx, r)
		}
	}
}

// signing returns a defect: the backend changes its certificates.
func signing(change func(issuer.Request, *x509.Certificate)) func(*testing.T, *defective) {
	return func(_ *testing.T, s *defective) {
		s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
			chain, err := next(ctx, r)
			if err != nil {
				return nil, err
			}
			return s.resign(chain, func(c *x509.Certificate) { change(r, c) })
		}
	}
}

// csrOf parses the CSR of a request; without one it is empty.
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
		{name: "none", inject: func(*testing.T, *defective) {}, want: []string{}},
		{name: "the first request fails", inject: func(_ *testing.T, s *defective) {
			var requests atomic.Int32
			refusing(func(issuer.Request) bool { return requests.Add(1) == 1 })(nil, s)
		}, want: []string{"a P-256 key is certified"}},
		{name: "no P-384", inject: refusing(func(r issuer.Request) bool {
			key, ok := r.PublicKey.(*ecdsa.PublicKey)
			return ok && key.Curve == elliptic.P384()
		}), want: []string{"a P-384 key is certified"}},
		{name: "no RSA-2048", inject: refusing(isRSA(2048)), want: []string{"an RSA key of 2048 bits is certified"}},
		{name: "no RSA-3072", inject: refusing(isRSA(3072)), want: []string{"an RSA key of 3072 bits is certified"}},
	}
}

func nameDefects() []defect {
	usage := func(from []x509.ExtKeyUsage) func(*issuer.Request) {
		return func(r *issuer.Request) { r.ExtKeyUsages = from }
	}
	both := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	server := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	return []defect{
		{name: "names in lower case", inject: changing(func(r *issuer.Request) {
			if r.SPIFFEID != (spiffeid.ID{}) {
				r.SPIFFEID = spiffeid.RequireFromString(strings.ToLower(r.SPIFFEID.String()))
			}
		}), want: []string{"a SPIFFE ID is certified exactly"}},
		{name: "no DNS names", inject: refusing(func(r issuer.Request) bool { return len(r.DNSNames) > 0 }),
			want: []string{"DNS names are certified"}},
		{name: "usages of its own", inject: changing(usage(both)),
			want: []string{"a server certificate has only serverAuth", "a client certificate has only clientAuth"}},
		{name: "no client certificates", inject: refusing(func(r issuer.Request) bool { return !slices.Contains(r.ExtKeyUsages, server[0]) }),
			want: []string{"a client certificate has only clientAuth"}},
		{name: "a forbidden identity is issued", inject: func(_ *testing.T, s *defective) {
			s.issue = func(ctx context.Context, r issuer.Request, _ next) (*issuer.Chain, error) {
				return s.Issuer.Issue(ctx, r)
			}
		}, want: []string{"a forbidden identity is rejected permanently"}},
		{name: "a forbidden identity is rejected with a transient error", inject: func(_ *testing.T, s *defective) {
			refusing(func(r issuer.Request) bool { return r.SPIFFEID == s.forbidden })(nil, s)
		}, want: []string{"a forbidden identity is rejected permanently"}},
		{name: "the root is missing in the response", inject: func(_ *testing.T, s *defective) {
			s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
				chain, err := next(ctx, r)
				if err != nil {
					return nil, err
				}
				return &issuer.Chain{Certificates: chain.Certificates[:2]}, nil
			}
		}, want: []string{"a response contains every CA below the root"}},
	}
}

func csrDefects() []defect {
	return []defect{
		{name: "names from the CSR", unchecked: uncheckedResponses, inject: signing(func(r issuer.Request, c *x509.Certificate) {
			c.DNSNames = csrOf(r).DNSNames
		}), want: []string{"foreign names in a CSR are not certified"}},
		{name: "the subject from the CSR", unchecked: uncheckedResponses, inject: signing(func(r issuer.Request, c *x509.Certificate) {
			c.RawSubject, c.Subject = nil, csrOf(r).Subject
		}), want: []string{"a subject in a CSR is not certified"}},
		{name: "a CA certificate if the CSR asks for one", inject: signing(func(r issuer.Request, c *x509.Certificate) {
			c.IsCA = slices.ContainsFunc(csrOf(r).Extensions, func(e pkix.Extension) bool { return e.Id.String() == "2.5.29.19" })
		}), want: []string{"a CSR for a CA certificate does not give one"}},
		{name: "the key from the CSR", unchecked: uncheckedResponses, inject: signing(func(r issuer.Request, c *x509.Certificate) {
			c.PublicKey = csrOf(r).PublicKey
		}), want: []string{"a CSR with another key does not change the granted key"}},
		{name: "another key for a malformed CSR", unchecked: uncheckedResponses, inject: signing(func(r issuer.Request, c *x509.Certificate) {
			if _, err := x509.ParseCertificateRequest(r.CSR); err != nil && r.CSR != nil {
				c.PublicKey = issuingKey().Public()
			}
		}), want: []string{"a malformed CSR does not change the certificate"}},
		{name: "a CSR is needed, which is not claimed", inject: refusing(func(r issuer.Request) bool { return r.CSR == nil }),
			want: []string{"a request without a CSR is granted or rejected permanently"}},
		{name: "a CSR is needed, and its lack fatalOnly later", inject: refusing(func(r issuer.Request) bool { return r.CSR == nil }),
			claims: func(c *Capabilities) { c.NeedsCSR = true },
			want:   []string{"a request without a CSR is granted or rejected permanently"}},
	}
}

func lifetimeDefects() []defect {
	return []defect{
		{name: "a fixed lifetime", inject: changing(func(r *issuer.Request) { r.Lifetime = time.Hour }),
			want: []string{"the requested lifetime is granted"}},
		{name: "half the lifetime", inject: changing(func(r *issuer.Request) { r.Lifetime /= 2 }),
			want: []string{"the requested lifetime is granted"}},
		{name: "twice a long lifetime", unchecked: uncheckedResponses, inject: signing(func(r issuer.Request, c *x509.Certificate) {
			if r.Lifetime == 24*time.Hour {
				c.NotAfter = c.NotAfter.Add(24 * time.Hour)
			}
		}), want: []string{"a long lifetime is granted, shortened or rejected"}},
		{name: "leaves that outlive their CA", unchecked: uncheckedResponses, inject: func(_ *testing.T, s *defective) {
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
		{name: "a constant serial number", inject: signing(func(_ issuer.Request, c *x509.Certificate) { c.SerialNumber = big.NewInt(7) }),
			want: []string{"concurrent requests succeed", "serial numbers are unique"}},
		{name: "one request at a time", inject: func(_ *testing.T, s *defective) {
			var busy atomic.Int32
			s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
				defer busy.Add(-1)
				if busy.Add(1) > 1 {
					return nil, errDefect
				}
				<-time.After(time.Second) // in the bubble: until all other requests wait
				return next(ctx, r)
			}
		}, want: []string{"concurrent requests succeed"}},
		{name: "a CSR can be used once", inject: func(_ *testing.T, s *defective) {
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
