package ca

import (
	"crypto/x509"
	"strings"
)

// Rule is the name of one of [Rules] or [CRLRules]. It is an error, so that callers can use
// errors.Is(err, ca.RuleExpired).
type Rule string

func (r Rule) Error() string { return string(r) }

// Violation is a certificate or CRL that breaks a rule.
type Violation struct {
	Rule Rule
	// Cert is the certificate that breaks it, for a CRL the certificate of its CA, and
	// nil for an empty chain.
	Cert *x509.Certificate
	// Detail names the value found and the value expected.
	Detail string
	// Consequence is the consequence of using the CA nevertheless, empty if the
	// violation is not tolerated: see [Tolerances].
	Consequence string
}

func (v *Violation) Error() string {
	if v.Cert == nil {
		return string(v.Rule) + ": " + v.Detail
	}
	return string(v.Rule) + ": " + Describe(v.Cert) + ": " + v.Detail
}

// Unwrap makes errors.Is find the rule.
func (v *Violation) Unwrap() error { return v.Rule }

// RuleError is the error of an operation that would break rules, or whose input does.
// errors.Is finds each violated [Rule], errors.As the first [Violation].
type RuleError struct {
	// Op is the refused operation, for example "load the authority".
	Op string
	// Violations is never empty.
	Violations []*Violation
}

func (e *RuleError) Error() string {
	texts := make([]string, len(e.Violations))
	for i, v := range e.Violations {
		texts[i] = v.Error()
	}
	return e.Op + ": " + strings.Join(texts, "; ")
}

// Unwrap returns the violations.
func (e *RuleError) Unwrap() []error {
	errs := make([]error, len(e.Violations))
	for i, v := range e.Violations {
		errs[i] = v
	}
	return errs
}

func ruleError(op string, violations []*Violation) error {
	if len(violations) == 0 {
		return nil
	}
	return &RuleError{Op: op, Violations: violations}
}

// Describe is a readable name for a certificate: its common name, the first name of its SAN,
// or its whole subject.
func Describe(cert *x509.Certificate) string {
	switch {
	case cert.Subject.CommonName != "":
		return cert.Subject.CommonName
	case len(cert.URIs) > 0:
		return cert.URIs[0].String()
	case len(cert.DNSNames) > 0:
		return cert.DNSNames[0]
	case len(cert.Subject.Names) > 0:
		return cert.Subject.String()
	}
	return "certificate without a name"
}
