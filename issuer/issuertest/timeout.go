package issuertest

import (
	"context"
	"fmt"
	"time"
)

// Bounds for a backend that does not return. They only delay the report of a failure, so
// they are far longer than a call takes on a busy machine.
const (
	callTimeout = time.Minute
	gracePeriod = time.Minute // from the end of a context to the return of the call
)

// hang is a call that did not return.
type hang struct{ after time.Duration }

func (h *hang) Error() string {
	return fmt.Sprintf("it did not return within %s after its context had ended", h.after)
}

// withTimeout ends the context of a call after [callTimeout]. A call that still does not
// return when grace fires is abandoned, and the error is a [*hang].
func withTimeout[T any](ctx context.Context, grace func() <-chan time.Time, call func(context.Context) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
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
	select {
	case r := <-done:
		return r.value, r.err
	case <-grace():
		var none T
		return none, &hang{gracePeriod}
	}
}

func afterGracePeriod() <-chan time.Time { return time.After(gracePeriod) }
