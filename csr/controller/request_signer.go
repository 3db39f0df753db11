package controller

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"time"

	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// signer obtains certificates for requests of any kind.
type signer struct {
	access   access
	dedupe   *dedupe
	refusals *refusalCache
	now      func() time.Time
}

func newSigner(a access, now func() time.Time) *signer {
	return &signer{access: a, dedupe: newDedupe(attemptTimeout), refusals: newRefusalCache(now), now: now}
}

// signedChain is a chain that a CA has signed, and its origin.
type signedChain struct {
	chain       []*x509.Certificate
	rule        string // of the policy
	fingerprint string // of the issuer
	obtained    time.Time
}

// evaluate applies the policy, and for a TrustIssuer the access of the requester. The error
// is a *refusedError if the request is refused; any other one is temporary.
func (s *signer) evaluate(ctx context.Context, active *activeIssuer, r csr.Request) (csr.Decision, error) {
	decision := active.policy.Evaluate(r)
	if !decision.Allowed() {
		refused := &refusedError{conditionReason: conditionReason{ReasonNotAllowed, decision.Summary()}}
		for _, reason := range decision.Reasons {
			refused.reasons = append(refused.reasons, reason.String())
		}
		return csr.Decision{}, refused
	}
	return decision, s.access.mayUse(ctx, r.Requester, active.key)
}

// sign obtains a certificate. Its errors are those of evaluate.
func (s *signer) sign(ctx context.Context, active *activeIssuer, r csr.Request) (*signedChain, error) {
	decision, err := s.evaluate(ctx, active, r)
	if err != nil {
		return nil, err
	}
	chain, err := s.obtain(ctx, active, *decision.Grant)
	if err != nil {
		return nil, err
	}
	return &signedChain{chain: active.form(chain.Certificates), rule: decision.Rule, fingerprint: active.fingerprint, obtained: s.now()}, nil
}

// obtain calls the CA, once for concurrent identical requests, and not at all for a request
// that it has refused recently.
func (s *signer) obtain(ctx context.Context, active *activeIssuer, grant issuer.Request) (*issuer.Chain, error) {
	key := digest(active, grant)
	if refused := s.refusals.load(key); refused != nil {
		return nil, refused
	}
	chain, err := s.dedupe.do(ctx, key, func(ctx context.Context) (*issuer.Chain, error) {
		return issuer.Obtain(ctx, active.backend.Issuer, grant, active.backend.Obtain)
	})
	if permanent, ok := errors.AsType[*issuer.PermanentError](err); ok {
		refused := refuse(validReason(permanent.Reason), err.Error())
		s.refusals.store(key, refused)
		return nil, refused
	}
	return chain, err
}

// form applies the chain form of the specification to a chain that ends with the root.
func (s *activeIssuer) form(chain []*x509.Certificate) []*x509.Certificate {
	if s.chain == v1alpha1.ChainWithoutRoot && len(chain) > 1 {
		return chain[:len(chain)-1]
	}
	return chain
}

// digest identifies a request to a CA: equal requests to the same CA have the same digest.
func digest(active *activeIssuer, g issuer.Request) string {
	h := sha256.New()
	number := func(n int) { h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) } //nolint:gosec // any bits will do
	text := func(s string) { number(len(s)); h.Write([]byte(s)) }
	text(active.key.signerName())
	text(active.fingerprint)
	text(string(g.CSR))
	text(g.SPIFFEID.String())
	number(len(g.DNSNames))
	for _, name := range g.DNSNames {
		text(name)
	}
	number(len(g.ExtKeyUsages))
	for _, usage := range g.ExtKeyUsages {
		number(int(usage))
	}
	number(int(g.Lifetime))
	return string(h.Sum(nil))
}
