package issuertest

import (
	"context"
	"fmt"
	"time"
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
func withTimeout[T any](ctx context.Context, grace time.Duration, call func(context.Context) (T, error)) (T, error) {
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
