package issuer

import (
	"time"

	"github.com/trustgen/trustgen/ca"
)

// PermanentError is the error of a request that will never be granted. The caller
// reports it to the requester and does not retry.
type PermanentError struct {
	// Reason is one word in CamelCase, suitable for a Kubernetes condition.
	Reason string
	Err    error
}

func (e *PermanentError) Error() string { return e.Err.Error() }
func (e *PermanentError) Unwrap() error { return e.Err }

// PendingError is the error of a request that the CA is still processing. The caller
// asks again as long as the requester waits.
type PendingError struct {
	// After is the delay before the next attempt; zero lets the caller choose.
	After time.Duration
	Err   error
}

func (e *PendingError) Error() string { return e.Err.Error() }
func (e *PendingError) Unwrap() error { return e.Err }

// ResponseError is the error of a CA whose certificate does not match the request, or
// whose chain does not lead to a trusted root. The certificate is discarded. The error
// is transient: the CA is at fault, not the request.
type ResponseError struct {
	// Backend is the name of the CA.
	Backend string
	// Violations is not empty. errors.Is matches their rules.
	Violations []*ca.Violation
}

func (e *ResponseError) Error() string { return e.rules().Error() }

// Unwrap returns the violations.
func (e *ResponseError) Unwrap() []error { return e.rules().Unwrap() }

func (e *ResponseError) rules() *ca.RuleError {
	return &ca.RuleError{Op: e.Backend + " returned a wrong certificate", Violations: e.Violations}
}
