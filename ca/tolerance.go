package ca

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
)

// Tolerance is a chain rule that an imported CA may break: one of another program, which
// often cannot be replaced. CAs that an [Authority] issues keep all rules.
type Tolerance struct {
	Rule Rule
	// When is the condition of the tolerance.
	When string
	// Consequence is the consequence of using the CA nevertheless.
	Consequence string

	covers func(link) bool
}

// Tolerances lists the tolerances for imported CAs. A CA that breaks any other rule, or does
// not meet the condition of the tolerance, does not work with istiod or the proxies and is
// refused.
func Tolerances() []Tolerance { return slices.Clone(tolerances) }

var tolerances = []Tolerance{
	{
		RuleCRLSign, "always", // CAs of Istio's own Makefiles
		"nothing that it issued can be revoked",
		func(link) bool { return true },
	},
	{
		RuleCertSign, "it has no key usage at all",
		"verifiers treat that as any key usage (RFC 5280 §6.1.4 (n))",
		func(l link) bool { return !hasExtension(l.cert, oidKeyUsage) },
	},
	{
		RuleCriticalCA, "always", // CAs of OpenSSL for many years
		"verifiers heed basic constraints that are not critical as well (RFC 5280 §6.1.4 (k))",
		func(link) bool { return true },
	},
	{
		RuleSubjectKeyID, "always",
		"its certificates find it by its name alone, and no CRL can be signed with it",
		func(link) bool { return true },
	},
	{
		RuleKey, fmt.Sprintf("RSA of %d to %d bits", minToleratedRSA, maxToleratedRSA),
		"NIST SP 800-57 part 1 takes RSA below 3072 bits until 2030, and larger keys cost time",
		func(l link) bool { return toleratedKey(l.cert.PublicKey) },
	},
	{
		RuleSignatureAlgorithm, "it is a root",
		"nobody verifies the signature that a root has from itself (RFC 5280 §6.1.1 (d))",
		func(l link) bool { return l.isLast() && selfIssued(l.cert) && !l.isLeaf() },
	},
}

// The RSA keys that istiod and the proxies support.
const (
	minToleratedRSA = 2048
	maxToleratedRSA = 8192
)

func toleratedKey(key crypto.PublicKey) bool {
	k, ok := key.(*rsa.PublicKey)
	return ok && k.N.BitLen() >= minToleratedRSA && k.N.BitLen() <= maxToleratedRSA
}

// consequence is empty if a violation of the rule is not tolerated.
func consequence(r Rule, l link) string {
	for _, t := range tolerances {
		if t.Rule == r && t.covers(l) {
			return t.Consequence
		}
	}
	return ""
}

// Tolerate splits violations into those for which any CA is refused, and those that are
// tolerated in an imported CA.
func Tolerate(all []*Violation) (refused, tolerated []*Violation) {
	for _, v := range all {
		if v.Consequence == "" {
			refused = append(refused, v)
		} else {
			tolerated = append(tolerated, v)
		}
	}
	return refused, tolerated
}

func hasExtension(cert *x509.Certificate, oid asn1.ObjectIdentifier) bool {
	for _, e := range cert.Extensions {
		if e.Id.Equal(oid) {
			return true
		}
	}
	return false
}
