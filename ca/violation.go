package ca

import (
	"crypto/x509"
	"strings"
)

// Rule names one of the chain rules. It is an error, so that a caller asks
// errors.Is(err, ca.RuleExpired), whatever the error came from.
type Rule string

func (r Rule) Error() string { return string(r) }

// Violation says that a certificate breaks a rule.
type Violation struct {
	Rule Rule
	// Cert is the certificate that breaks it, nil when a chain is empty.
	Cert *x509.Certificate
	// Detail says what was found and what was expected.
	Detail string
	// Consequence is what follows from using the CA nevertheless, where that is
	// possible: see [Tolerances]. It is empty where it is not.
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

// RuleError is the error of an operation that was refused because of the chain
// rules. errors.Is finds each violated [Rule], errors.As the first [Violation].
type RuleError struct {
	// Op is what was refused, for example "load the authority".
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

// Unwrap gives the violations.
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

// Describe names a certificate for a person: its common name, or the first
// name of its SAN, or its whole subject.
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
