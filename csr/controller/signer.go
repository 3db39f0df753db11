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

// signer is the one way from a request to a certificate, whatever it came as.
type signer struct {
	access   access
	calls    *calls
	refusals *refusals
	now      func() time.Time
}

func newSigner(a access, now func() time.Time) *signer {
	return &signer{access: a, calls: newCalls(attemptTimeout), refusals: newRefusals(now), now: now}
}

// answer is a certificate, and what it comes from.
type answer struct {
	chain       []*x509.Certificate
	rule        string // of the policy
	fingerprint string // of the issuer
	obtained    time.Time
}

// judge says whether a request is granted. The error is a *refusedError, or it is worth
// another try.
func (s *signer) judge(ctx context.Context, on *serving, r csr.Request) (csr.Decision, error) {
	decision := on.policy.Evaluate(r)
	if !decision.Allowed() {
		refused := &refusedError{cause: cause{ReasonNotAllowed, decision.Summary()}}
		for _, reason := range decision.Reasons {
			refused.reasons = append(refused.reasons, reason.String())
		}
		return csr.Decision{}, refused
	}
	return decision, s.access.mayUse(ctx, r.Requester, on.key)
}

// sign obtains a certificate. Its errors are those of judge.
func (s *signer) sign(ctx context.Context, on *serving, r csr.Request) (*answer, error) {
	decision, err := s.judge(ctx, on, r)
	if err != nil {
		return nil, err
	}
	chain, err := s.obtain(ctx, on, *decision.Grant)
	if err != nil {
		return nil, err
	}
	return &answer{chain: on.form(chain.Certificates), rule: decision.Rule, fingerprint: on.fingerprint, obtained: s.now()}, nil
}

// obtain asks the CA once for those who want the same at the same time, and not at all
// for what it has refused a short time ago.
func (s *signer) obtain(ctx context.Context, on *serving, grant issuer.Request) (*issuer.Chain, error) {
	key := digest(on, grant)
	if refused := s.refusals.load(key); refused != nil {
		return nil, refused
	}
	chain, err := s.calls.join(ctx, key, func(ctx context.Context) (*issuer.Chain, error) {
		return issuer.Obtain(ctx, on.backend.Issuer, grant, on.backend.Obtain)
	})
	if permanent, ok := errors.AsType[*issuer.PermanentError](err); ok {
		refused := refuse(properReason(permanent.Reason), err.Error())
		s.refusals.store(key, refused)
		return nil, refused
	}
	return chain, err
}

// form is a chain as the specification wants it. The last certificate is the root.
func (s *serving) form(chain []*x509.Certificate) []*x509.Certificate {
	if s.chain == v1alpha1.ChainWithoutRoot && len(chain) > 1 {
		return chain[:len(chain)-1]
	}
	return chain
}

// digest tells apart what is asked of a CA, and which one.
func digest(on *serving, g issuer.Request) string {
	h := sha256.New()
	number := func(n int) { h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) } //nolint:gosec // any bits will do
	text := func(s string) { number(len(s)); h.Write([]byte(s)) }
	text(on.key.signerName())
	text(on.fingerprint)
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
