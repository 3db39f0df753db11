package ca

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
)

// Tolerance is a rule that a CA may break which was made elsewhere, often long ago:
// whoever has it cannot have it made anew. A CA that is made here never may.
type Tolerance struct {
	Rule Rule
	// When says how far the rule may be broken.
	When string
	// Consequence is what follows from using the CA nevertheless.
	Consequence string

	covers func(link) bool
}

// Tolerances lists all that is tolerated of a CA made elsewhere. What breaks
// any other rule, or one of these further than this, is of no use to istiod or to the
// proxies, and is refused.
func Tolerances() []Tolerance { return slices.Clone(tolerances) }

var tolerances = []Tolerance{
	{
		RuleCRLSign, "always", // as Istio's own Makefiles make it
		"nothing that it issued can be revoked",
		func(link) bool { return true },
	},
	{
		RuleCertSign, "it has no key usage at all",
		"verifiers take that for any key usage (RFC 5280 §6.1.4 (n))",
		func(l link) bool { return !hasExtension(l.cert, oidKeyUsage) },
	},
	{
		RuleCriticalCA, "always", // as OpenSSL made it for many years
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

// What istiod and the proxies can use.
const (
	minToleratedRSA = 2048
	maxToleratedRSA = 8192
)

func toleratedKey(key crypto.PublicKey) bool {
	k, ok := key.(*rsa.PublicKey)
	return ok && k.N.BitLen() >= minToleratedRSA && k.N.BitLen() <= maxToleratedRSA
}

// consequence is empty where a breach of a rule is not tolerated.
func consequence(r Rule, l link) string {
	for _, t := range tolerances {
		if t.Rule == r && t.covers(l) {
			return t.Consequence
		}
	}
	return ""
}

// Tolerate parts violations: those for which a CA is refused wherever it was made, and
// those that one may have that was made elsewhere.
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
