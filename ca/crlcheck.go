package ca

import (
	"crypto/x509"
	"errors"
	"time"
)

// Kinds of errors of [CheckCRL].
var (
	// ErrForeignCRL means that another CA signed the CRL, or nobody.
	ErrForeignCRL = errors.New("is not signed by this CA")
	// ErrCRLNotYetValid means that the CA signed the CRL and dated it in the future.
	ErrCRLNotYetValid = errors.New("is dated in the future")
)

// CRLError means that a CRL breaks a rule of [CRLRules]. errors.Is finds the rule, and
// [ErrForeignCRL] or [ErrCRLNotYetValid] where it applies.
type CRLError struct {
	Rule Rule
	// Issuer is the name of the CA.
	Issuer string
	// Detail names the value found and the value expected.
	Detail string
}

func (e *CRLError) Error() string {
	switch e.Rule {
	case RuleCRLIssuer, RuleCRLSigner, RuleCRLSignatureAlgorithm, RuleCRLSignature: // it may be the CRL of another CA
		return "the CRL " + e.Detail + ": " + e.Issuer
	}
	return "the CRL of " + e.Issuer + " " + e.Detail
}

// Unwrap returns the rule, and the kind of the error if it has one.
func (e *CRLError) Unwrap() []error {
	switch e.Rule {
	case RuleCRLIssuer, RuleCRLSigner, RuleCRLSignature:
		return []error{e.Rule, ErrForeignCRL}
	case RuleCRLNotYetValid:
		return []error{e.Rule, ErrCRLNotYetValid}
	}
	return []error{e.Rule}
}

// CheckCRL checks a CRL that is claimed to be of a CA (RFC 5280 §6.3.3), with those of
// [CRLRules] that apply to the CRLs of any program: the CA has signed it, it is a full CRL
// that is not dated in the future, and no verifier refuses it. A CRL whose next update has
// passed is accepted.
//
// The error is a [*CRLError] of the first rule that the CRL breaks.
func CheckCRL(list *x509.RevocationList, issuer *x509.Certificate, now time.Time) error {
	for v := range (crlCheck{list, issuer, now, receivedCRL}).violations() {
		return &CRLError{Rule: v.Rule, Issuer: Describe(issuer), Detail: v.Detail}
	}
	return nil
}

// RevokedIn finds the entry of a certificate in the CRL of its issuer, or nil.
func RevokedIn(list *x509.RevocationList, cert *x509.Certificate) *x509.RevocationListEntry {
	for i := range list.RevokedCertificateEntries {
		if e := &list.RevokedCertificateEntries[i]; e.SerialNumber.Cmp(cert.SerialNumber) == 0 {
			return e
		}
	}
	return nil
}
