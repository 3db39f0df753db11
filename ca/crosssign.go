package ca

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// CrossSignOptions say whose root is cross-signed. The zero value is for the next root
// of the same mesh.
type CrossSignOptions struct {
	// NotAfter is the end of the cross-certificate, cut to the second; zero means
	// that of the root that ends first. It must not lie past either.
	NotAfter time.Time
	// Foreign is for the root of another mesh.
	Foreign *ForeignMesh
}

// ForeignMesh is another mesh, as the owner of this one sees it.
type ForeignMesh struct {
	// TrustDomain is that of the other mesh: the only one whose identities are
	// accepted from it.
	TrustDomain string
	// OwnTrustDomain is that of the mesh that the authority belongs to.
	OwnTrustDomain string
	// AllowSharedTrustDomain lets the other mesh mint identities of this one: it is for
	// two meshes that have been one in all but their roots.
	AllowSharedTrustDomain bool
}

// CrossSign certifies the key of another root under its own name, so that who trusts
// this root trusts what that one issued: the next root of a mesh, or the root of
// another mesh. The other root stays as it is, and can be verified both ways.
//
// What is signed is held against the chain rules before, as [Authority.Prepare] does:
// they are to hold for the chain of a leaf, an intermediate, the cross-certificate
// and this root. The error is a [*LifetimeError] when it would outlive one of the two
// roots, and else a [*RuleError]: of [RulePathLength] when the path length of this root
// is 0 or 1, of [RuleDistinctNames] when the roots share a name, of [RuleCrossLimits], of
// [RuleCrossTrustDomain], or of the rule that one of the roots breaks.
func (a *Authority) CrossSign(root *x509.Certificate, o CrossSignOptions) (*x509.Certificate, error) {
	const op = "ca: cross-sign"
	if root == nil {
		return nil, errors.New(op + ": the root is missing")
	}
	if err := o.Foreign.validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	if err := ruleError(op, a.refuseCross(root, o.Foreign)); err != nil {
		return nil, err
	}
	t, err := a.crossTemplate(root, o.NotAfter)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	o.Foreign.constrain(t)
	linted, err := a.lint(op, t, 1)
	if err != nil {
		return nil, err
	}
	return a.Issue(&Draft{authority: a, template: t, linted: linted})
}

// crossTemplate keeps name, key and key identifier of the root.
func (a *Authority) crossTemplate(root *x509.Certificate, notAfter time.Time) (*x509.Certificate, error) {
	now, issuer := a.now(), a.Certificate()
	t, err := newTemplate(root.PublicKey, now)
	if err != nil {
		return nil, err
	}
	if der, err := x509.MarshalPKIXPublicKey(root.PublicKey); err != nil || !bytes.Equal(der, root.RawSubjectPublicKeyInfo) {
		return nil, fmt.Errorf("the key of %s is encoded in a way that cannot be kept", Describe(root))
	}
	for _, limit := range []time.Time{root.NotBefore, issuer.NotBefore} {
		if t.NotBefore.Before(limit) {
			t.NotBefore = limit
		}
	}
	if t.NotAfter, err = crossEnd(notAfter, now, issuer, root); err != nil {
		return nil, err
	}
	t.Subject, t.RawSubject = root.Subject, root.RawSubject
	if len(root.SubjectKeyId) > 0 {
		t.SubjectKeyId = root.SubjectKeyId
	}
	t.AuthorityKeyId = issuer.SubjectKeyId
	shapeCA(t)
	t.MaxPathLen = 1
	return t, nil
}

// crossEnd is the end that was asked for, or that of the root that ends first.
func crossEnd(asked, now time.Time, issuer, root *x509.Certificate) (time.Time, error) {
	first, role := issuer, ""
	if root.NotAfter.Before(issuer.NotAfter) {
		first, role = root, "the root that it certifies"
	}
	if asked.IsZero() {
		asked = first.NotAfter
	}
	asked = asked.UTC().Truncate(time.Second)
	switch {
	case !asked.After(now):
		return time.Time{}, fmt.Errorf("its end, %s, has passed", asked.Format(time.RFC3339))
	case asked.After(first.NotAfter):
		return time.Time{}, &LifetimeError{Asked: asked, Longest: first.NotAfter, Issuer: Describe(first), role: role}
	}
	return asked, nil
}

// validate takes no mesh at all as well.
func (m *ForeignMesh) validate() error {
	if m == nil {
		return nil
	}
	return errors.Join(CheckTrustDomain(m.TrustDomain), CheckTrustDomain(m.OwnTrustDomain))
}

// constrain leaves of all names the identities of the other trust domain. Those of
// its istiod in DNS, and addresses, are for its own workloads, who do not need this
// certificate to trust it; here they would let it pose as our istiod.
func (m *ForeignMesh) constrain(t *x509.Certificate) {
	if m == nil {
		return
	}
	t.PermittedDNSDomainsCritical = true
	t.PermittedURIDomains = []string{m.TrustDomain}
	t.ExcludedDNSDomains = []string{""} // all of them
	t.ExcludedIPRanges = allAddresses()
}
