package ca

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"iter"
	"math/big"
	"slices"
	"time"
)

// The CRL rules, in the order in which they are applied.
const (
	RuleCRLIssuer             Rule = "crl-issuer"
	RuleCRLSigner             Rule = "crl-signer"
	RuleCRLSignatureAlgorithm Rule = "crl-signature-algorithm"
	RuleCRLSignature          Rule = "crl-signature"
	RuleCRLAuthorityKeyID     Rule = "crl-authority-key-id"
	RuleCRLNumber             Rule = "crl-number"
	RuleCRLPositiveNumber     Rule = "crl-positive-number"
	RuleCRLNextNumber         Rule = "crl-next-number"
	RuleCRLNextUpdate         Rule = "crl-next-update"
	RuleCRLNotYetValid        Rule = "crl-not-yet-valid"
	RuleCRLExpired            Rule = "crl-expired"
	RuleCRLWithinIssuer       Rule = "crl-within-issuer"
	RuleCRLFull               Rule = "crl-full"
	RuleCRLKnownCritical      Rule = "crl-known-critical"
	RuleCRLEntryRevokes       Rule = "crl-entry-revokes"
	RuleCRLEntryReason        Rule = "crl-entry-reason"
	RuleCRLEntryTime          Rule = "crl-entry-time"
	RuleCRLEntryDistinct      Rule = "crl-entry-distinct"
	RuleCRLEntryKnownCritical Rule = "crl-entry-known-critical"
)

// CRLRules lists the CRL rules in the order in which they are applied.
func CRLRules() []RuleInfo {
	infos := make([]RuleInfo, len(crlRules))
	for i, r := range crlRules {
		infos[i] = r.RuleInfo
	}
	return infos
}

type crlRule struct {
	RuleInfo
	scope crlScope
	check func(crlCheck) string // the detail of a [Violation], empty if the CRL keeps the rule
}

// crlScope is the set of CRLs to which a rule applies.
type crlScope int

const (
	everyCRL    crlScope = iota
	signedCRL            // those that an [Authority] signs
	receivedCRL          // those that [CheckCRL] checks
)

func (s crlScope) covers(c crlCheck) bool { return s == everyCRL || s == c.scope }

// crlRules is the one implementation of the CRL rules. A rule is silent where another one
// already names the cause, so that each finding has one reason.
var crlRules = []crlRule{
	{RuleInfo{RuleCRLIssuer, "Its issuer and authority key identifier are those of the CA.", "RFC 5280 §6.3.3 (b)(1), §5.2.1"}, everyCRL, checkCRLIssuer},
	{RuleInfo{RuleCRLSigner, "The key usage of the CA, if it has one, allows it to sign CRLs.", "RFC 5280 §6.3.3 (f)"}, everyCRL, checkCRLSigner},
	{RuleInfo{RuleCRLSignatureAlgorithm, "It is signed with SHA-256 or stronger.", "RFC 9155; crypto/x509 verifies no others"}, everyCRL, checkCRLSignatureAlgorithm},
	{RuleInfo{RuleCRLSignature, "The key of the CA made its signature.", "RFC 5280 §6.3.3 (g); an Authority checks that of a CRL that it signs by itself"}, receivedCRL, checkCRLSignature},
	{RuleInfo{RuleCRLAuthorityKeyID, "It has an authority key identifier.", "RFC 5280 §5.2.1"}, signedCRL, checkCRLAuthorityKeyID},
	{RuleInfo{RuleCRLNumber, "It has a number of at most 20 octets that is not negative.", "RFC 5280 §5.2.3"}, everyCRL, checkCRLNumber},
	{RuleInfo{RuleCRLPositiveNumber, "Its number is positive.", "0 is the number before the first CRL"}, signedCRL, checkCRLPositiveNumber},
	{RuleInfo{RuleCRLNextNumber, "The number after its own has at most 20 octets as well.", "RFC 5280 §5.2.3; otherwise there is no next CRL"}, receivedCRL, checkCRLNextNumber},
	{RuleInfo{RuleCRLNextUpdate, "It has a next update.", "RFC 5280 §5.1.2.5"}, everyCRL, checkCRLNextUpdate},
	{RuleInfo{RuleCRLNotYetValid, "Its this update has come.", "RFC 5280 §5.1.2.4; one minute is granted to clocks that are behind, see Backdate"}, everyCRL, checkCRLNotYetValid},
	{RuleInfo{RuleCRLExpired, "Its next update has not passed.", "Envoy and OpenSSL refuse every certificate of the CA then"}, signedCRL, checkCRLExpired},
	{RuleInfo{RuleCRLWithinIssuer, "It begins and ends within the validity of the CA.", "RFC 5280 §6.1: nothing outside of it is valid"}, signedCRL, checkCRLWithinIssuer},
	{RuleInfo{RuleCRLFull, "It is a full CRL: neither a delta, nor limited by an issuing distribution point.", "RFC 5280 §5.2.4 and §5.2.5"}, everyCRL, checkCRLFull},
	{RuleInfo{RuleCRLKnownCritical, "It has no other critical extension.", "RFC 5280 §5.2"}, everyCRL, checkCRLKnownCritical},
	{RuleInfo{RuleCRLEntryRevokes, "No entry has the reason removeFromCRL.", "RFC 5280 §5.3.1; OpenSSL treats the certificate as not revoked"}, everyCRL, checkCRLEntryRevokes},
	{RuleInfo{RuleCRLEntryReason, "Every entry has a reason for a full CRL, or none.", "RFC 5280 §5.3.1"}, signedCRL, checkCRLEntryReason},
	{RuleInfo{RuleCRLEntryTime, "No revocation time lies in the future.", "RFC 5280 §5.1.2.6"}, signedCRL, checkCRLEntryTime},
	{RuleInfo{RuleCRLEntryDistinct, "No serial number is listed twice.", "RFC 5280 §5.1.2.6; verifiers differ in which entry they apply"}, signedCRL, checkCRLEntryDistinct},
	{RuleInfo{RuleCRLEntryKnownCritical, "No entry has a critical extension.", "RFC 5280 §5.3: a verifier that does not know it refuses the whole CRL"}, everyCRL, checkCRLEntryKnownCritical},
}

// crlCheck is a CRL under the rules of a scope.
type crlCheck struct {
	list   *x509.RevocationList
	issuer *x509.Certificate
	now    time.Time
	scope  crlScope
}

// violations applies the rules one after the other.
func (c crlCheck) violations() iter.Seq[*Violation] {
	return func(yield func(*Violation) bool) {
		for _, r := range crlRules {
			if !r.scope.covers(c) {
				continue
			}
			if detail := r.check(c); detail != "" && !yield(&Violation{Rule: r.Rule, Cert: c.issuer, Detail: detail}) {
				return
			}
		}
	}
}

func checkCRLIssuer(c crlCheck) string {
	if MatchIssuer(c.list.RawIssuer, c.list.AuthorityKeyId, c.issuer) {
		return ""
	}
	return ErrForeignCRL.Error()
}

func checkCRLSigner(c crlCheck) string {
	if !hasExtension(c.issuer, oidKeyUsage) || c.issuer.KeyUsage&x509.KeyUsageCRLSign != 0 {
		return ""
	}
	return ErrForeignCRL.Error() + ", which may not sign any"
}

func checkCRLSignatureAlgorithm(c crlCheck) string { return weakness(c.list.SignatureAlgorithm) }

func checkCRLSignature(c crlCheck) string {
	if checkCRLIssuer(c) != "" || checkCRLSigner(c) != "" || checkCRLSignatureAlgorithm(c) != "" {
		return ""
	}
	if c.list.CheckSignatureFrom(c.issuer) != nil {
		return ErrForeignCRL.Error()
	}
	return ""
}

func checkCRLAuthorityKeyID(c crlCheck) string {
	if len(c.list.AuthorityKeyId) > 0 {
		return ""
	}
	return "has no authority key identifier"
}

func checkCRLNumber(c crlCheck) string {
	switch n := c.list.Number; {
	case n == nil:
		return "has no number (RFC 5280 §5.2.3)"
	case n.Sign() != 0 && !isSerial(n):
		return wrongNumber(n)
	}
	return ""
}

func wrongNumber(n *big.Int) string {
	return fmt.Sprintf("has the number %d, expected one of at most 20 octets that is not negative (RFC 5280 §5.2.3)", n)
}

func checkCRLPositiveNumber(c crlCheck) string {
	if c.list.Number != nil && c.list.Number.Sign() == 0 {
		return "has the number 0"
	}
	return ""
}

func checkCRLNextNumber(c crlCheck) string {
	if checkCRLNumber(c) != "" || isSerial(new(big.Int).Add(c.list.Number, big.NewInt(1))) {
		return ""
	}
	return wrongNumber(c.list.Number)
}

func checkCRLNextUpdate(c crlCheck) string {
	if !c.list.NextUpdate.IsZero() {
		return ""
	}
	return "has no next update (RFC 5280 §5.1.2.5)"
}

func checkCRLNotYetValid(c crlCheck) string {
	if !c.list.ThisUpdate.After(c.now.Add(Backdate)) {
		return ""
	}
	return ErrCRLNotYetValid.Error()
}

func checkCRLExpired(c crlCheck) string {
	if c.list.NextUpdate.IsZero() || c.list.NextUpdate.After(c.now) {
		return ""
	}
	return "has the next update " + c.list.NextUpdate.UTC().Format(time.RFC3339) + ", which has passed"
}

func checkCRLWithinIssuer(c crlCheck) string {
	if !c.list.ThisUpdate.Before(c.issuer.NotBefore) && !c.list.NextUpdate.After(c.issuer.NotAfter) {
		return ""
	}
	return fmt.Sprintf("is for %s to %s, its CA is for %s to %s",
		c.list.ThisUpdate.UTC().Format(time.RFC3339), c.list.NextUpdate.UTC().Format(time.RFC3339),
		c.issuer.NotBefore.UTC().Format(time.RFC3339), c.issuer.NotAfter.UTC().Format(time.RFC3339))
}

// Extensions of CRLs that do not cover all certificates of their CA.
var (
	oidDeltaCRLIndicator        = asn1.ObjectIdentifier{2, 5, 29, 27} // RFC 5280 §5.2.4
	oidIssuingDistributionPoint = asn1.ObjectIdentifier{2, 5, 29, 28} // RFC 5280 §5.2.5
)

func checkCRLFull(c crlCheck) string {
	for _, e := range c.list.Extensions {
		switch {
		case e.Id.Equal(oidDeltaCRLIndicator):
			return "is a delta, expected a full one"
		case e.Id.Equal(oidIssuingDistributionPoint):
			return "is about some certificates only (it has an issuing distribution point), expected a full one"
		}
	}
	return ""
}

func checkCRLKnownCritical(c crlCheck) string {
	for _, e := range c.list.Extensions {
		if e.Critical && !e.Id.Equal(oidDeltaCRLIndicator) && !e.Id.Equal(oidIssuingDistributionPoint) {
			return fmt.Sprintf("has the critical extension %s, which verifiers do not know", e.Id)
		}
	}
	return ""
}

func checkCRLEntryRevokes(c crlCheck) string {
	for _, e := range c.list.RevokedCertificateEntries {
		if e.ReasonCode == reasonRemoveFromCRL {
			return fmt.Sprintf("takes the revocation of %x back, as only a delta can (RFC 5280 §5.3.1)", e.SerialNumber)
		}
	}
	return ""
}

func checkCRLEntryReason(c crlCheck) string {
	for _, e := range c.list.RevokedCertificateEntries {
		if e.ReasonCode != reasonRemoveFromCRL && !slices.Contains(crlReasons, e.ReasonCode) {
			return fmt.Sprintf("has an entry for %x with the reason code %d", e.SerialNumber, e.ReasonCode)
		}
	}
	return ""
}

func checkCRLEntryTime(c crlCheck) string {
	for _, e := range c.list.RevokedCertificateEntries {
		if e.RevocationTime.After(c.now) {
			return fmt.Sprintf("has an entry for %x with the revocation time %s, which has not come", e.SerialNumber, e.RevocationTime.UTC().Format(time.RFC3339))
		}
	}
	return ""
}

func checkCRLEntryDistinct(c crlCheck) string {
	seen := make(map[string]bool, len(c.list.RevokedCertificateEntries))
	for _, e := range c.list.RevokedCertificateEntries {
		serial := e.SerialNumber.Text(16)
		if seen[serial] {
			return fmt.Sprintf("has two entries for %s", serial)
		}
		seen[serial] = true
	}
	return ""
}

func checkCRLEntryKnownCritical(c crlCheck) string {
	for _, entry := range c.list.RevokedCertificateEntries {
		for _, e := range entry.Extensions {
			if e.Critical {
				return fmt.Sprintf("has an entry with the critical extension %s, which verifiers do not know", e.Id)
			}
		}
	}
	return ""
}
