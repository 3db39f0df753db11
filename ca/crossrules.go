package ca

import (
	"crypto/x509"
	"fmt"
	"strings"
)

// The rules of cross-signing that are not chain rules.
const (
	// RuleCrossLimits: the other root has no name constraints and no extended key
	// usage, since a chain over the cross-certificate would bypass them.
	RuleCrossLimits Rule = "cross-limits"
	// RuleCrossTrustDomain: the trust domain of another mesh differs from ours, and
	// ours is no sub-domain of it. Otherwise its root could issue our identities.
	RuleCrossTrustDomain Rule = "cross-trust-domain"
)

// refuseCross checks the two roots. Violations that are tolerated in a root of another
// program do not matter, since the cross-certificate replaces it in the chain.
func (a *Authority) refuseCross(root *x509.Certificate, foreign *ForeignMesh) []*Violation {
	found, _ := Tolerate(VerifyIntermediate([]*x509.Certificate{root}, VerifyOptions{Now: a.now, Below: 1}))
	add := func(rule Rule, cert *x509.Certificate, detail string) {
		found = append(found, &Violation{Rule: rule, Cert: cert, Detail: detail})
	}
	if len(a.chain) > 1 {
		add(RuleRooted, a.Certificate(), "is not a root; only a root cross-signs")
	}
	if SamePublicKey(root.PublicKey, a.Certificate().PublicKey) {
		add(RuleNoDuplicate, root, "has the key of the authority")
	}
	if hasExtension(root, oidNameConstraints) {
		add(RuleCrossLimits, root, "has name constraints, which the cross-certificate would not have")
	}
	if hasExtension(root, oidExtKeyUsage) {
		add(RuleCrossLimits, root, "has an extended key usage, which the cross-certificate would not have")
	}
	if foreign.sharesTrustDomain() && !foreign.AllowSharedTrustDomain {
		add(RuleCrossTrustDomain, root, fmt.Sprintf("could mint the identities of %s, since its own trust domain is %s", foreign.OwnTrustDomain, foreign.TrustDomain))
	}
	return found
}

// sharesTrustDomain reports whether a constraint to the other trust domain permits ours: a
// host permits its sub-domains as well, see [NameConstraints].
func (m *ForeignMesh) sharesTrustDomain() bool {
	return m != nil && (m.TrustDomain == m.OwnTrustDomain || strings.HasSuffix(m.OwnTrustDomain, "."+m.TrustDomain))
}
