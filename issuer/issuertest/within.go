package issuertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/trustgen/trustgen/issuer"
)

const (
	// patience is how long a backend may take for anything.
	patience = 20 * time.Second
	// grace is how long it may take to notice that its context has ended.
	grace = 5 * time.Second
)

// hang is a call that did not return.
type hang struct{ after time.Duration }

func (h *hang) Error() string {
	return fmt.Sprintf("it did not return within %s after its context had ended", h.after)
}

// within gives a call its time. One that does not heed its context is left behind.
func within[T any](ctx context.Context, grace time.Duration, call func(context.Context) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	done := make(chan result, 1)
	go func() {
		value, err := call(ctx)
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.value, r.err
	case <-timer.C:
		var none T
		return none, &hang{grace}
	}
}

// transient wants an error after which a caller asks again at once.
func transient(err error) error {
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
