package issuer

import (
	"time"

	"github.com/trustgen/trustgen/ca"
)

// PermanentError says that a request will never be granted. Whoever made it is
// told so, and it is not repeated.
type PermanentError struct {
	// Reason is one word in CamelCase, for a Kubernetes condition.
	Reason string
	Err    error
}

func (e *PermanentError) Error() string { return e.Err.Error() }
func (e *PermanentError) Unwrap() error { return e.Err }

// PendingError says that the CA works on a request. It is asked again, for as long
// as somebody waits.
type PendingError struct {
	// After is how long to wait before asking again; zero leaves it to the caller.
	After time.Duration
	Err   error
}

func (e *PendingError) Error() string { return e.Err.Error() }
func (e *PendingError) Unwrap() error { return e.Err }

// ResponseError says that a CA answered with another certificate than was asked for,
// or with a chain that leads nowhere. The answer is not delivered. It is transient:
// the CA may be mended, and the request is not to blame.
type ResponseError struct {
	// Backend is who answered.
	Backend string
	// Violations is never empty. errors.Is finds their rules.
	Violations []*ca.Violation
}

func (e *ResponseError) Error() string { return e.rules().Error() }

// Unwrap gives the violations.
func (e *ResponseError) Unwrap() []error { return e.rules().Unwrap() }

func (e *ResponseError) rules() *ca.RuleError {
	return &ca.RuleError{Op: e.Backend + " answered with a wrong certificate", Violations: e.Violations}
}
