package ca

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The chain rules, in the order in which they are applied to a certificate.
const (
	RuleSignature          Rule = "signature"
	RuleSignatureAlgorithm Rule = "signature-algorithm"
	RuleIssuerName         Rule = "issuer-name"
	RuleRooted             Rule = "rooted"
	RuleTrustedRoot        Rule = "trusted-root"
	RuleNoDuplicate        Rule = "no-duplicate"
	RuleNotYetValid        Rule = "not-yet-valid"
	RuleExpired            Rule = "expired"
	RuleWithinIssuer       Rule = "within-issuer"
	RuleSerial             Rule = "serial"
	RuleAuthorityKeyID     Rule = "authority-key-id"
	RuleSubjectKeyID       Rule = "subject-key-id"
	RuleKnownCritical      Rule = "known-critical"
	RuleKey                Rule = "key"
	RuleIsCA               Rule = "is-ca"
	RuleCriticalCA         Rule = "critical-ca"
	RulePathLength         Rule = "path-length"
	RuleCertSign           Rule = "cert-sign"
	RuleCRLSign            Rule = "crl-sign"
	RuleExtKeyUsageCA      Rule = "ext-key-usage-ca"
	RuleSubject            Rule = "subject"
	RuleDistinctNames      Rule = "distinct-names"
	RuleConstraintForm     Rule = "constraint-form"
	RuleLeafKey            Rule = "leaf-key"
	RuleLeafNotCA          Rule = "leaf-not-ca"
	RuleLeafKeyUsage       Rule = "leaf-key-usage"
	RuleLeafExtKeyUsage    Rule = "leaf-ext-key-usage"
	RuleLeafNames          Rule = "leaf-names"
	RuleLeafCriticalNames  Rule = "leaf-critical-names"
	RuleLeafPermittedNames Rule = "leaf-permitted-names"
)

// RuleInfo explains a rule.
type RuleInfo struct {
	Rule Rule
	// Demand is the requirement, as a sentence about the certificate or CRL.
	Demand string
	// Source is the specification or the reason for it.
	Source string
}

// Rules lists the chain rules in the order in which they are applied.
func Rules() []RuleInfo {
	infos := make([]RuleInfo, len(rules))
	for i, r := range rules {
		infos[i] = RuleInfo{Rule: r.name, Demand: r.demand, Source: r.source}
	}
	return infos
}

type rule struct {
	name   Rule
	scope  scope
	demand string
	source string
	check  func(link) string // the detail of a [Violation], empty if the certificate keeps the rule
}

// scope is the set of certificates of a chain to which a rule applies.
type scope int

const (
	everyCertificate scope = iota
	everyIssued            // those whose issuer is known, roots included
	everyCA
	onlyLeaf
	onlyLast
)

func (s scope) covers(l link) bool {
	switch s {
	case everyIssued:
		return l.issuer != nil
	case everyCA:
		return !l.isLeaf()
	case onlyLeaf:
		return l.isLeaf()
	case onlyLast:
		return l.isLast()
	}
	return true
}

// rules is the one implementation of the chain rules. Which of them a CA of another program
// may break is in tolerances. A rule is silent where another one already names the cause,
// so that each finding has one reason.
var rules = []rule{
	{RuleSignature, everyIssued, "The key of the next certificate made its signature; the signature of a given root is not verified.", "RFC 5280 §6.1.3 (a)(1), §6.1.1 (d)", checkSignature},
	{RuleSignatureAlgorithm, everyCertificate, "It is signed with SHA-256 or stronger.", "RFC 9155; crypto/x509 refuses SHA-1", checkSignatureAlgorithm},
	{RuleIssuerName, everyIssued, "It is followed by its issuer.", "RFC 5280 §6.1.3 (a)(4)", checkIssuerName},
	{RuleRooted, onlyLast, "The chain ends with a root.", "RFC 5280 §6.1: a path ends at a trust anchor", checkRooted},
	{RuleTrustedRoot, onlyLast, "The root is one of the given roots.", "RFC 5280 §6.1.1 (d)", checkTrustedRoot},
	{RuleNoDuplicate, everyCertificate, "It is in the chain once.", "RFC 5280 §6.1", checkNoDuplicate},
	{RuleNotYetValid, everyCertificate, "Its notBefore has come.", "RFC 5280 §4.1.2.5", checkNotYetValid},
	{RuleExpired, everyCertificate, "Its notAfter has not passed.", "RFC 5280 §4.1.2.5", checkExpired},
	{RuleWithinIssuer, everyIssued, "It ends no later than its issuer.", "istiod ends a leaf with its intermediate, and does not check the root", checkWithinIssuer},
	{RuleSerial, everyCertificate, "Its serial number is positive and at most 20 octets long.", "RFC 5280 §4.1.2.2", checkSerial},
	{RuleAuthorityKeyID, everyIssued, "Its authority key identifier is its issuer's subject key identifier.", "RFC 5280 §4.2.1.1", checkAuthorityKeyID},
	{RuleSubjectKeyID, everyCA, "It has a subject key identifier.", "RFC 5280 §4.2.1.2", checkSubjectKeyID},
	{RuleKnownCritical, everyCertificate, "It has no critical extension that is unknown to verifiers.", "RFC 5280 §4.2", checkKnownCritical},
	{RuleKey, everyCA, "Its key is P-256, P-384, RSA-3072 or RSA-4096.", "the types that Istio supports; NIST SP 800-57 part 1 for their strength", checkKey},
	{RuleIsCA, everyCA, "Its basic constraints say that it is a CA.", "RFC 5280 §4.2.1.9", checkIsCA},
	{RuleCriticalCA, everyCA, "Its basic constraints are critical.", "RFC 5280 §4.2.1.9", checkCriticalCA},
	{RulePathLength, everyCA, "Its path length allows the CAs below it.", "RFC 5280 §4.2.1.9", checkPathLength},
	{RuleCertSign, everyCA, "Its key usage allows it to sign certificates.", "RFC 5280 §4.2.1.3", checkCertSign},
	{RuleCRLSign, everyCA, "Its key usage allows it to sign CRLs.", "RFC 5280 §4.2.1.3; otherwise none of its certificates can be revoked", checkCRLSign},
	{RuleExtKeyUsageCA, everyCA, "Its extended key usage, if it has one, allows servers and clients.", "crypto/x509 and OpenSSL nest extended key usages", checkExtKeyUsageCA},
	{RuleSubject, everyCA, "Its subject is not empty.", "RFC 5280 §4.1.2.6", checkSubject},
	{RuleDistinctNames, everyCA, "No other key of the chain has its subject.", "rustls-webpki applies the first CRL whose issuer name matches", checkDistinctNames},
	{RuleConstraintForm, everyCA, "Its name constraints are not about directory names, and those of URIs are bare hosts.", "RFC 5280 §4.2.1.10; crypto/x509 does not check directory names, other verifiers do", checkConstraintForm},
	{RuleLeafKey, onlyLeaf, "Its key is P-256, P-384 or RSA of 2048 bits or more.", "the keys that Istio's agents make", checkLeafKey},
	{RuleLeafNotCA, onlyLeaf, "It is not a CA.", "SPIFFE X.509-SVID §4.1", checkLeafNotCA},
	{RuleLeafKeyUsage, onlyLeaf, "Its key usage has digitalSignature, and neither certSign nor cRLSign.", "SPIFFE X.509-SVID §4.3", checkLeafKeyUsage},
	{RuleLeafExtKeyUsage, onlyLeaf, "Its extended key usage is serverAuth, clientAuth or both.", "SPIFFE X.509-SVID §4.4", checkLeafExtKeyUsage},
	{RuleLeafNames, onlyLeaf, "Its names are exactly one SPIFFE ID, or DNS names and nothing else.", "SPIFFE X.509-SVID §2", checkLeafNames},
	{RuleLeafCriticalNames, onlyLeaf, "Its SAN is critical when its subject is empty.", "RFC 5280 §4.2.1.6", checkLeafCriticalNames},
	{RuleLeafPermittedNames, onlyLeaf, "The name constraints of its CAs permit its names.", "RFC 5280 §4.2.1.10", checkLeafPermittedNames},
}

func checkSignature(l link) string {
	if l.isTrustAnchor() || checkSignatureAlgorithm(l) != "" {
		return ""
	}
	if err := l.issuer.CheckSignature(l.cert.SignatureAlgorithm, l.cert.RawTBSCertificate, l.cert.Signature); err != nil {
		return fmt.Sprintf("the key of %s did not sign it", Describe(l.issuer))
	}
	return ""
}

func checkSignatureAlgorithm(l link) string { return weakness(l.cert.SignatureAlgorithm) }

// weakness is empty for the algorithms that all data planes accept.
func weakness(a x509.SignatureAlgorithm) string {
	switch a {
	case x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512,
		x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS:
		return ""
	}
	name := a.String()
	if a == x509.UnknownSignatureAlgorithm {
		name = "an algorithm that crypto/x509 does not know"
	}
	return fmt.Sprintf("is signed with %s, expected ECDSA or RSA with SHA-256 or stronger", name)
}

func checkIssuerName(l link) string {
	if bytes.Equal(l.cert.RawIssuer, l.issuer.RawSubject) {
		return ""
	}
	return fmt.Sprintf("names %q as its issuer, but %q follows", l.cert.Issuer, l.issuer.Subject)
}

func checkRooted(l link) string {
	if selfIssued(l.cert) {
		return ""
	}
	return fmt.Sprintf("is the last certificate, but %q issued it and is missing", l.cert.Issuer)
}

func checkTrustedRoot(l link) string {
	if len(l.roots) == 0 || l.isTrustAnchor() {
		return ""
	}
	return "is not a trusted root"
}

func checkNoDuplicate(l link) string {
	if slices.ContainsFunc(l.chain[:l.depth], l.cert.Equal) {
		return "stands in the chain twice"
	}
	return ""
}

func checkNotYetValid(l link) string {
	if l.now.Before(l.cert.NotBefore) {
		return "is not valid before " + l.cert.NotBefore.UTC().Format(time.RFC3339)
	}
	return ""
}

func checkExpired(l link) string {
	if l.now.After(l.cert.NotAfter) {
		return "expired at " + l.cert.NotAfter.UTC().Format(time.RFC3339)
	}
	return ""
}

func checkWithinIssuer(l link) string {
	if !l.cert.NotAfter.After(l.issuer.NotAfter) {
		return ""
	}
	return fmt.Sprintf("ends at %s, after its issuer, which ends at %s",
		l.cert.NotAfter.UTC().Format(time.RFC3339), l.issuer.NotAfter.UTC().Format(time.RFC3339))
}

func checkSerial(l link) string {
	if isSerial(l.cert.SerialNumber) {
		return ""
	}
	return fmt.Sprintf("has the serial number %d", l.cert.SerialNumber)
}

func checkAuthorityKeyID(l link) string {
	switch {
	case bytes.Equal(l.cert.AuthorityKeyId, l.issuer.SubjectKeyId):
		return ""
	case len(l.cert.AuthorityKeyId) == 0 && l.isLast():
		return "" // RFC 5280 §4.2.1.1 lets a root omit it.
	case len(l.issuer.SubjectKeyId) == 0:
		return "" // RuleSubjectKeyID reports the issuer.
	}
	return fmt.Sprintf("has the authority key identifier %x, its issuer is %x", l.cert.AuthorityKeyId, l.issuer.SubjectKeyId)
}

func checkSubjectKeyID(l link) string {
	if len(l.cert.SubjectKeyId) > 0 {
		return ""
	}
	return "has no subject key identifier"
}

func checkKnownCritical(l link) string {
	if len(l.cert.UnhandledCriticalExtensions) == 0 {
		return ""
	}
	return fmt.Sprintf("has the unknown critical extension %s", l.cert.UnhandledCriticalExtensions[0])
}

func checkKey(l link) string {
	if _, err := KeyTypeOf(l.cert.PublicKey); err != nil {
		return err.Error()
	}
	return ""
}

func checkIsCA(l link) string {
	if l.cert.BasicConstraintsValid && l.cert.IsCA {
		return ""
	}
	return "is not a CA"
}

func checkCriticalCA(l link) string {
	if !l.cert.IsCA || critical(l.cert, oidBasicConstraints) {
		return ""
	}
	return "has basic constraints that are not critical"
}

func checkPathLength(l link) string {
	limited := l.cert.MaxPathLen > 0 || l.cert.MaxPathLenZero
	if below := l.below(); l.cert.IsCA && limited && below > l.cert.MaxPathLen {
		return fmt.Sprintf("has path length %d, but %d CAs stand below it", l.cert.MaxPathLen, below)
	}
	return ""
}

func checkCertSign(l link) string {
	if l.cert.KeyUsage&x509.KeyUsageCertSign != 0 {
		return ""
	}
	return "has no key usage certSign"
}

func checkCRLSign(l link) string {
	if l.cert.KeyUsage&x509.KeyUsageCRLSign != 0 {
		return ""
	}
	if !hasExtension(l.cert, oidKeyUsage) {
		return "" // any use is allowed: see checkCertSign
	}
	return "has no key usage cRLSign"
}

func checkExtKeyUsageCA(l link) string {
	usages := l.cert.ExtKeyUsage
	switch {
	case len(usages) == 0 && len(l.cert.UnknownExtKeyUsage) == 0:
		return ""
	case slices.Contains(usages, x509.ExtKeyUsageAny):
		return ""
	case slices.Contains(usages, x509.ExtKeyUsageServerAuth) && slices.Contains(usages, x509.ExtKeyUsageClientAuth):
		return ""
	}
	return "has an extended key usage without serverAuth and clientAuth"
}

func checkSubject(l link) string {
	if len(l.cert.Subject.Names) > 0 {
		return ""
	}
	return "has an empty subject"
}

func checkDistinctNames(l link) string {
	for _, above := range l.chain[l.depth+1:] {
		if bytes.Equal(l.cert.RawSubject, above.RawSubject) && !SamePublicKey(l.cert.PublicKey, above.PublicKey) {
			return "shares its subject with another key of the chain"
		}
	}
	return ""
}

func checkConstraintForm(l link) string {
	if limitsDirectoryNames(l.cert) {
		return "has name constraints for directory names, which the subjects below it may not keep to"
	}
	for _, host := range slices.Concat(l.cert.PermittedURIDomains, l.cert.ExcludedURIDomains) {
		if strings.ContainsAny(host, ":/") {
			return fmt.Sprintf("has the URI constraint %q, expected a host such as cluster.local", host)
		}
	}
	return ""
}
