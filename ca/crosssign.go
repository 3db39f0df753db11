package ca

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"time"
)

// CrossSignOptions describe a cross-certificate. The zero value is for the next root of the
// same mesh.
type CrossSignOptions struct {
	// NotAfter is the end of the cross-certificate, cut to the second, and no later than
	// the end of either root. Zero means the end of the root that ends first.
	NotAfter time.Time
	// Foreign is set for the root of another mesh.
	Foreign *ForeignMesh
}

// ForeignMesh is another mesh, whose identities are to be accepted in this one.
type ForeignMesh struct {
	// TrustDomain is the trust domain of the other mesh. Only its identities are
	// accepted.
	TrustDomain string
	// OwnTrustDomain is the trust domain of the authority's mesh.
	OwnTrustDomain string
	// AllowSharedTrustDomain lets the other mesh issue identities of this one, for two
	// meshes that share one trust domain and only differ in their roots.
	AllowSharedTrustDomain bool
}

// CrossSign certifies name and key of another root, either the next root of this mesh or
// the root of another mesh. Verifiers that trust this root then accept certificates below
// the other one. The other root does not change, and its chains stay valid without the
// cross-certificate.
//
// The cross-certificate is checked before it is signed, as in [Authority.Prepare], against
// the chain rules for a chain of a leaf, an intermediate, the cross-certificate and this
// root. The error is a [*LifetimeError] if it would outlive one of the roots. Otherwise it
// is a [*RuleError]: of [RulePathLength] if the path length of this root is 0 or 1, of
// [RuleDistinctNames] if the roots share a name, of [RuleCrossLimits], of
// [RuleCrossTrustDomain], or of a rule that one of the roots breaks.
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

// crossTemplate copies name, key and key identifier of the root.
func (a *Authority) crossTemplate(root *x509.Certificate, notAfter time.Time) (*x509.Certificate, error) {
	now, issuer := a.now(), a.Certificate()
	t, err := newTemplate(root.PublicKey, now)
	if err != nil {
		return nil, err
	}
	if der, err := x509.MarshalPKIXPublicKey(root.PublicKey); err != nil || !bytes.Equal(der, root.RawSubjectPublicKeyInfo) {
		return nil, fmt.Errorf("the key of %s is in an encoding that cannot be copied", Describe(root))
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

// crossEnd is the requested end, or that of the root that ends first.
func crossEnd(requested, now time.Time, issuer, root *x509.Certificate) (time.Time, error) {
	first, role := issuer, ""
	if root.NotAfter.Before(issuer.NotAfter) {
		first, role = root, "the root that it certifies"
	}
	if requested.IsZero() {
		requested = first.NotAfter
	}
	requested = requested.UTC().Truncate(time.Second)
	switch {
	case !requested.After(now):
		return time.Time{}, fmt.Errorf("its end, %s, has passed", requested.Format(time.RFC3339))
	case requested.After(first.NotAfter):
		return time.Time{}, &LifetimeError{Asked: requested, Longest: first.NotAfter, Issuer: Describe(first), role: role}
	}
	return requested, nil
}

// validate accepts nil.
func (m *ForeignMesh) validate() error {
	if m == nil {
		return nil
	}
	return errors.Join(CheckTrustDomain(m.TrustDomain), CheckTrustDomain(m.OwnTrustDomain))
}

// constrain permits only identities of the other trust domain. The DNS names of its istiod
// and addresses are excluded: its own workloads do not need this certificate for them, and
// here they would allow impersonating our istiod.
func (m *ForeignMesh) constrain(t *x509.Certificate) {
	if m == nil {
		return
	}
	t.PermittedDNSDomainsCritical = true
	t.PermittedURIDomains = []string{m.TrustDomain}
	t.ExcludedDNSDomains = []string{""} // all of them
	t.ExcludedIPRanges = allAddresses()
}
