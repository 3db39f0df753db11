package ca

import (
	"crypto/x509"
	"fmt"
	"strings"
)

// The rules of cross-signing that are not chain rules: they are about what the
// cross-certificate is for.
const (
	// RuleCrossLimits: the other root has no name constraints and no extended key
	// usage, since a way around the root is a way around them.
	RuleCrossLimits Rule = "cross-limits"
	// RuleCrossTrustDomain: another mesh has a trust domain of its own, and ours does
	// not lie below it. Otherwise its root could mint our identities.
	RuleCrossTrustDomain Rule = "cross-trust-domain"
)

// refuseCross is what can be said of the two roots before there is a certificate.
// What a root made elsewhere may break does not matter where the cross-certificate
// takes its place.
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

// sharesTrustDomain reports whether a constraint to the trust domain of the other mesh
// permits our own: a host permits its sub-domains as well, see [NameConstraints].
func (m *ForeignMesh) sharesTrustDomain() bool {
	return m != nil && (m.TrustDomain == m.OwnTrustDomain || strings.HasSuffix(m.OwnTrustDomain, "."+m.TrustDomain))
}
