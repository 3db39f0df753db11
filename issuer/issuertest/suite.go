package issuertest

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
)

// suite is a backend under test, with what the cases share.
type suite struct {
	Backend
	claims Capabilities
	keys   *keys
	seen   *observations
	proxy  *Proxy                  // nil where there is no fault
	burst  int                     // requests at the same time
	grace  func() <-chan time.Time // see withTimeout

	// Functions that ask a backend; tests of the suite replace them.
	obtain             func(context.Context, issuer.Issuer, issuer.Request, issuer.ObtainOptions) (*issuer.Chain, error)
	obtainIntermediate func(context.Context, issuer.IntermediateIssuer, issuer.IntermediateRequest, issuer.ObtainOptions) (*issuer.Chain, error)
}

func newSuite(b Backend, c Capabilities) *suite {
	return &suite{
		Backend: b.complete(), claims: c, keys: newKeys(), seen: &observations{}, grace: afterGracePeriod, burst: 32,
		obtain: issuer.Obtain, obtainIntermediate: issuer.ObtainIntermediate,
	}
}

// withProxy returns the same suite for a backend that uses proxy.
func (s *suite) withProxy(b Backend, proxy *Proxy) *suite {
	other := *s
	other.Backend, other.proxy = b.complete(), proxy
	return &other
}

func (s *suite) options() issuer.ObtainOptions {
	return issuer.ObtainOptions{Backend: s.Name, Roots: s.Roots, AllowSubject: s.AllowSubject, Except: s.Except, Now: s.Now}
}

// id returns the SPIFFE ID of a service account.
func (s *suite) id(account string) (spiffeid.ID, error) {
	domain, err := spiffeid.TrustDomainFromString(s.TrustDomain)
	if err != nil {
		return spiffeid.ID{}, err
	}
	return spiffeid.FromPath(domain, "/ns/issuertest/sa/"+account)
}

// request returns a request for a SPIFFE ID and all usages. It applies changes before it
// makes the CSR.
func (s *suite) request(key crypto.Signer, change ...func(*issuer.Request)) (issuer.Request, error) {
	id, err := s.id("cart")
	if err != nil {
		return issuer.Request{}, err
	}
	r := issuer.Request{
		PublicKey:    key.Public(),
		SPIFFEID:     id,
		ExtKeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		Lifetime:     s.Lifetime,
	}
	for _, c := range change {
		c(&r)
	}
	r.CSR, err = newCSR(key, r)
	return r, err
}

// fresh returns a request with a new P-256 key.
func (s *suite) fresh(change ...func(*issuer.Request)) (issuer.Request, error) {
	key, err := ca.GenerateKey(ca.P256)
	if err != nil {
		return issuer.Request{}, err
	}
	return s.request(key, change...)
}

// ask obtains a certificate and checks it.
func (s *suite) ask(ctx context.Context, r issuer.Request) (*issuer.Chain, error) {
	return s.askOf(ctx, s.Issuer, r)
}

// misdelivery is the error of an invalid certificate that Obtain returned. No case
// tolerates it.
type misdelivery struct{ err error }

func (m *misdelivery) Error() string { return "an invalid certificate was delivered: " + m.err.Error() }

// askOf is ask for an issuer that wraps the backend.
func (s *suite) askOf(ctx context.Context, i issuer.Issuer, r issuer.Request) (*issuer.Chain, error) {
	chain, err := withTimeout(ctx, s.grace, func(ctx context.Context) (*issuer.Chain, error) {
		return s.obtain(ctx, i, r, s.options())
	})
	switch {
	case err != nil && chain != nil:
		return nil, &misdelivery{fmt.Errorf("together with the error %w", err)}
	case err != nil:
		return nil, err
	}
	if err := s.inspect(r, chain); err != nil {
		return nil, &misdelivery{err}
	}
	return chain, nil
}

// askFresh is ask with a new key.
func (s *suite) askFresh(ctx context.Context, change ...func(*issuer.Request)) (*issuer.Chain, error) {
	r, err := s.fresh(change...)
	if err != nil {
		return nil, err
	}
	return s.ask(ctx, r)
}

// inspect checks a chain independently of [issuer.Obtain].
func (s *suite) inspect(r issuer.Request, chain *issuer.Chain) error {
	if chain == nil || len(chain.Certificates) < 2 {
		return errors.New("the chain does not lead to a root")
	}
	leaf, above := chain.Certificates[0], chain.Certificates[1]
	found := ca.VerifyLeaf(chain.Certificates, ca.VerifyOptions{Roots: s.Roots, Now: s.Now, Except: s.Except})
	switch {
	case len(found) > 0:
		return found[0]
	case !ca.SamePublicKey(r.PublicKey, leaf.PublicKey):
		return errors.New("it is for another key")
	case !sameNames(r, leaf):
		return fmt.Errorf("it is for the names %v and %v", leaf.URIs, leaf.DNSNames)
	case !sameUsages(r.ExtKeyUsages, leaf.ExtKeyUsage):
		return fmt.Errorf("it is for the usages %v, but was granted for %v", leaf.ExtKeyUsage, r.ExtKeyUsages)
	case !s.AllowSubject && len(leaf.Subject.Names) > 0:
		return fmt.Errorf("it has the subject %q", leaf.Subject)
	case leaf.NotAfter.After(above.NotAfter) && !slices.Contains(s.Except, ca.RuleWithinIssuer):
		return errors.New("it ends after its issuer")
	case leaf.NotAfter.After(s.Now().Add(r.Lifetime+issuer.EndTolerance)) && !slices.Contains(s.Except, issuer.RuleGrantedEnd):
		return fmt.Errorf("it ends at %s, later than granted", leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

func sameNames(r issuer.Request, leaf *x509.Certificate) bool {
	if r.SPIFFEID != (spiffeid.ID{}) {
		return len(leaf.URIs) == 1 && leaf.URIs[0].String() == r.SPIFFEID.String() && len(leaf.DNSNames) == 0
	}
	return len(leaf.URIs) == 0 && slices.Equal(slices.Sorted(slices.Values(leaf.DNSNames)), slices.Sorted(slices.Values(r.DNSNames)))
}

func sameUsages(granted, got []x509.ExtKeyUsage) bool {
	return slices.Equal(slices.Sorted(slices.Values(granted)), slices.Sorted(slices.Values(got)))
}
