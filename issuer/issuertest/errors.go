package issuertest

import (
	"errors"
	"fmt"

	"github.com/trustgen/trustgen/issuer"
)

// requireTransient requires an error after which a caller asks again at once.
func requireTransient(err error) error {
	switch {
	case err == nil:
		return errors.New("it succeeded")
	case isA[*hang](err), isA[*misdelivery](err):
		return err
	case isA[*issuer.PermanentError](err):
		return fmt.Errorf("the error is permanent, but the request is not to blame: %w", err)
	case isA[*issuer.PendingError](err):
		return fmt.Errorf("the error says that the CA works on it: %w", err)
	}
	return nil
}

// forgiven lets a backend refuse what it need not do, but never deliver something
// wrong, nor hang.
func forgiven(err error) error {
	if isA[*hang](err) || isA[*misdelivery](err) {
		return err
	}
	return nil
}

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
