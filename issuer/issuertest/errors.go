package issuertest

import (
	"errors"
	"fmt"

	"github.com/trustgen/trustgen/issuer"
)

// requireTransient requires an error after which a caller retries.
func requireTransient(err error) error {
	switch {
	case err == nil:
		return errors.New("it succeeded")
	case isA[*hang](err), isA[*misdelivery](err):
		return err
	case isA[*issuer.PermanentError](err):
		return fmt.Errorf("the error is permanent, expected a transient one: %w", err)
	case isA[*issuer.PendingError](err):
		return fmt.Errorf("the error is pending, expected a transient one: %w", err)
	}
	return nil
}

// fatalOnly returns the errors that are not tolerated even where a backend may reject a
// request: an invalid certificate, and a call that does not return.
func fatalOnly(err error) error {
	if isA[*hang](err) || isA[*misdelivery](err) {
		return err
	}
	return nil
}

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
