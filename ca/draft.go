package ca

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// Errors of [Authority.Issue] about the use of a draft.
var (
	ErrDraftRedeemed = errors.New("the draft was redeemed before")
	ErrForeignDraft  = errors.New("the draft was prepared by another authority")
)

// LifetimeError means that a certificate or CRL would end after its issuer.
type LifetimeError struct {
	// Asked is the requested end, Longest the latest possible one.
	Asked, Longest time.Time
	// Issuer is the name of the issuer, or of a cross-signed root that ends before
	// it.
	Issuer string

	role string // of Issuer in the message; empty means the issuer
}

func (e *LifetimeError) Error() string {
	role := e.role
	if role == "" {
		role = "its issuer"
	}
	return fmt.Sprintf("would end at %s, after %s %s; the longest possible is %s",
		e.Asked.UTC().Format(time.RFC3339), role, e.Issuer, e.Longest.UTC().Format(time.RFC3339))
}

// Unwrap makes errors.Is find [RuleWithinIssuer].
func (e *LifetimeError) Unwrap() error { return RuleWithinIssuer }

// Draft is a certificate that is checked but not signed yet. The authority that prepared it
// can redeem it once.
type Draft struct {
	authority *Authority
	template  *x509.Certificate
	linted    []byte // the bytes that were checked; nil for a leaf
	redeemed  atomic.Bool
}

// Prepare checks a profile and a request and builds a certificate from them. A CA is signed
// with a throwaway key and checked against the chain rules, so that the key of the
// authority never signs a certificate that breaks one. A leaf is not, since the recipient
// verifies it.
//
// The error is a [*LifetimeError] if the certificate would outlive the authority, and a
// [*RuleError] if it breaks another rule.
func (a *Authority) Prepare(p Profile, r Request) (*Draft, error) {
	if p.shape == nil {
		return nil, errors.New("ca: prepare: the profile is empty; make it with Intermediate or Workload")
	}
	template, err := a.template(p, r)
	if err != nil {
		return nil, fmt.Errorf("ca: prepare: %w", err)
	}
	d := &Draft{authority: a, template: template}
	if !p.shape.isLeaf() {
		if d.linted, err = a.lint("ca: prepare", template, 0); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Issue redeems a draft: it signs exactly the bytes that were checked.
func (a *Authority) Issue(d *Draft) (*x509.Certificate, error) {
	if d.authority != a {
		return nil, fmt.Errorf("ca: issue: %w", ErrForeignDraft)
	}
	if !d.redeemed.CompareAndSwap(false, true) {
		return nil, fmt.Errorf("ca: issue: %w", ErrDraftRedeemed)
	}
	cert, err := sign(d.template, a.Certificate(), d.template.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("ca: issue: %w", err)
	}
	if d.linted != nil && !bytes.Equal(d.linted, cert.RawTBSCertificate) {
		return nil, errors.New("ca: issue: the certificate is not the one that was checked")
	}
	return cert, nil
}

func (a *Authority) template(p Profile, r Request) (*x509.Certificate, error) {
	if r.PublicKey == nil {
		return nil, errors.New("the public key is missing")
	}
	now, issuer := a.now(), a.Certificate()
	t, err := newTemplate(r.PublicKey, now)
	if err != nil {
		return nil, err
	}
	if SamePublicKey(r.PublicKey, issuer.PublicKey) {
		return nil, errors.New("the key is that of the authority")
	}
	t.NotAfter = r.NotAfter
	if t.NotAfter.IsZero() {
		t.NotAfter = now.Add(p.lifetime)
	}
	t.NotAfter = t.NotAfter.UTC().Truncate(time.Second)
	switch {
	case !t.NotAfter.After(now):
		return nil, fmt.Errorf("its end, %s, has passed", t.NotAfter.Format(time.RFC3339))
	case t.NotAfter.After(issuer.NotAfter):
		return nil, &LifetimeError{Asked: t.NotAfter, Longest: issuer.NotAfter, Issuer: Describe(issuer)}
	}
	t.AuthorityKeyId = issuer.SubjectKeyId
	return t, p.shape.shape(t, issuer, r)
}

// lint signs a CA with a throwaway key and checks it against the chain rules, with that many
// CAs below it. It returns the bytes that the real key is going to sign.
func (a *Authority) lint(op string, template *x509.Certificate, below int) ([]byte, error) {
	key, err := a.throwaway()
	if err != nil {
		return nil, fmt.Errorf("%s: throwaway key: %w", op, err)
	}
	standIn := *a.Certificate()
	standIn.PublicKey = key.Public()
	cert, err := sign(template, &standIn, template.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	chain := append([]*x509.Certificate{cert, &standIn}, a.chain[1:]...)
	// crypto/x509 has just verified the throwaway signature.
	v := newVerification(chain, VerifyOptions{Now: a.now, Below: below, Except: []Rule{RuleSignature}}, false)
	found := v.at(0)
	for i := range chain[1:] {
		found = append(found, v.at(i+1, RulePathLength)...)
	}
	if err := ruleError(op, found); err != nil {
		return nil, err
	}
	return cert.RawTBSCertificate, nil
}
