package issuertest

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
)

func intermediateCases() []testCase {
	return []testCase{
		{name: "an intermediate is issued if claimed", when: always, run: issuesIntermediate},
		{name: "an intermediate issues valid leaves and CRLs", when: claimsIntermediates, run: intermediateIssues},
		{name: "two intermediates with one name have different subjects", when: claimsIntermediates, run: intermediatesDiffer},
		{name: "an intermediate for another key is rejected", when: claimsIntermediates, run: intermediateForAnother},
		{name: "an intermediate request with an ended context returns its error", when: claimsIntermediates, run: intermediateEnded},
		{name: "name constraints are certified", when: claimsIntermediates, run: keepsConstraints},
	}
}

func claimsIntermediates(s *suite) bool { return s.claims.Intermediates && s.Intermediates != nil }

// newIntermediate returns a new key and the request for an intermediate with it.
func (s *suite) newIntermediate() (crypto.Signer, issuer.IntermediateRequest, error) {
	r := issuer.IntermediateRequest{CommonName: "issuertest", Lifetime: s.Lifetime}
	key, err := ca.GenerateKey(ca.P256)
	if err != nil {
		return nil, r, err
	}
	r.PublicKey = key.Public()
	r.CSR, err = newCSR(key, issuer.Request{})
	return key, r, err
}

// askIntermediate obtains an intermediate and checks it.
func (s *suite) askIntermediate(ctx context.Context, i issuer.IntermediateIssuer, r issuer.IntermediateRequest) (*issuer.Chain, error) {
	chain, err := withTimeout(ctx, s.grace, func(ctx context.Context) (*issuer.Chain, error) {
		return s.obtainIntermediate(ctx, i, r, s.options())
	})
	if err != nil {
		return nil, err
	}
	if err := s.inspectIntermediate(r, chain); err != nil {
		return nil, &misdelivery{err}
	}
	return chain, nil
}

func (s *suite) inspectIntermediate(r issuer.IntermediateRequest, chain *issuer.Chain) error {
	if chain == nil || len(chain.Certificates) < 2 {
		return errors.New("the chain does not lead to a root")
	}
	cert := chain.Certificates[0]
	found := ca.VerifyIntermediate(chain.Certificates, ca.VerifyOptions{Roots: s.Roots, Now: s.Now, Except: s.Except})
	switch {
	case len(found) > 0:
		return found[0]
	case !ca.SamePublicKey(r.PublicKey, cert.PublicKey):
		return errors.New("it is for another key")
	case !cert.MaxPathLenZero && !slices.Contains(s.Except, issuer.RuleGrantedPathLength):
		return errors.New("its path length is not 0")
	}
	return nil
}

// askAuthority obtains an intermediate and returns it with its key.
func (s *suite) askAuthority(ctx context.Context, c *ca.NameConstraints) (*ca.Authority, error) {
	key, r, err := s.newIntermediate()
	if err != nil {
		return nil, err
	}
	r.Constraints = c
	chain, err := s.askIntermediate(ctx, s.Intermediates, r)
	if err != nil {
		return nil, err
	}
	return ca.Load(key, chain.Certificates, s.Now)
}

func issuesIntermediate(ctx context.Context, s *suite) error {
	if s.Intermediates == nil {
		s.seen.note(intermediates, "none")
		if s.claims.Intermediates {
			return errors.New("it claims intermediates, but does not implement IntermediateIssuer")
		}
		return nil
	}
	_, err := s.askAuthority(ctx, nil)
	return s.seen.judge(intermediates, s.claims.Intermediates, err)
}

func intermediateIssues(ctx context.Context, s *suite) error {
	authority, err := s.askAuthority(ctx, nil)
	if err != nil {
		return err
	}
	if err := s.signsLeaf(authority, s.TrustDomain); err != nil {
		return err
	}
	_, err = authority.CRL(ca.CRLOptions{Number: big.NewInt(1)})
	return err
}

// signsLeaf issues a leaf for a trust domain, and verifies its chain.
func (s *suite) signsLeaf(authority *ca.Authority, domain string) error {
	in := *s
	in.TrustDomain = domain
	r, err := in.fresh()
	if err != nil {
		return err
	}
	profile, err := ca.Workload(ca.WorkloadOptions{})
	if err != nil {
		return err
	}
	end := authority.Certificate().NotAfter
	draft, err := authority.Prepare(profile, ca.Request{PublicKey: r.PublicKey, SPIFFEID: r.SPIFFEID, NotAfter: end})
	if err != nil {
		return err
	}
	leaf, err := authority.Issue(draft)
	if err != nil {
		return err
	}
	chain := append(certificates{leaf}, authority.Chain()...)
	if found := ca.VerifyLeaf(chain, ca.VerifyOptions{Roots: s.Roots, Now: s.Now, Except: s.Except}); len(found) > 0 {
		return found[0]
	}
	return nil
}

func intermediatesDiffer(ctx context.Context, s *suite) error {
	one, err := s.askAuthority(ctx, nil)
	if err != nil {
		return err
	}
	two, err := s.askAuthority(ctx, nil)
	if err != nil {
		return err
	}
	if bytes.Equal(one.Certificate().RawSubject, two.Certificate().RawSubject) {
		return fmt.Errorf("two keys have the subject %q, so ztunnel confuses their CRLs", one.Certificate().Subject)
	}
	return nil
}

// mistaken returns an intermediate for another key.
type mistaken struct{ *suite }

func (m mistaken) IssueIntermediate(ctx context.Context, _ issuer.IntermediateRequest) (*issuer.Chain, error) {
	_, other, err := m.newIntermediate()
	if err != nil {
		return nil, err
	}
	return m.Intermediates.IssueIntermediate(ctx, other)
}

func intermediateForAnother(ctx context.Context, s *suite) error {
	_, r, err := s.newIntermediate()
	if err != nil {
		return err
	}
	_, err = s.askIntermediate(ctx, mistaken{s}, r)
	if err := requireTransient(err); err != nil {
		return err
	}
	if !isA[*issuer.ResponseError](err) {
		return fmt.Errorf("there is no response to tamper with: %w", err)
	}
	return nil
}

func intermediateEnded(ctx context.Context, s *suite) error {
	_, r, err := s.newIntermediate()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	_, err = s.askIntermediate(ctx, s.Intermediates, r)
	return requireEnded(err, context.Canceled)
}

// keepsConstraints issues leaves inside and outside the constraints.
// [issuer.ObtainIntermediate] compares the constraints themselves.
func keepsConstraints(ctx context.Context, s *suite) error {
	authority, err := s.askAuthority(ctx, &ca.NameConstraints{TrustDomain: s.TrustDomain, DNSNames: []string{s.DNSName}})
	if err := s.seen.judge(constraints, s.claims.Constraints, err); err != nil || authority == nil {
		return err
	}
	if err := s.signsLeaf(authority, s.TrustDomain); err != nil {
		return fmt.Errorf("inside its constraints: %w", err)
	}
	if err := s.signsLeaf(authority, "foreign.example.com"); !errors.Is(err, ca.RuleLeafPermittedNames) {
		return fmt.Errorf("a leaf outside its constraints gives %w, expected %w", err, ca.RuleLeafPermittedNames)
	}
	return nil
}
