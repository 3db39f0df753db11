package issuertest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestWithTimeout_EndsTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		_, err := withTimeout(t.Context(), afterGracePeriod, func(ctx context.Context) (int, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		})
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took != callTimeout {
			t.Errorf("after %s: got the error %v, want that of the context after %s", took, err, callTimeout)
		}
	})
}

func TestWithTimeout_ReturnsWithinTheGracePeriod(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		got, err := withTimeout(t.Context(), afterGracePeriod, func(ctx context.Context) (int, error) {
			<-ctx.Done()
			<-time.After(gracePeriod - time.Second)
			return 7, nil
		})
		if got != 7 || err != nil {
			t.Errorf("got %d and the error %v, want 7", got, err)
		}
	})
}

func TestWithTimeout_AbandonsACallThatIgnoresItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		begin := time.Now()
		_, err := withTimeout(t.Context(), afterGracePeriod, func(context.Context) (int, error) {
			<-release
			return 0, nil
		})
		if took := time.Since(begin); !isA[*hang](err) || took != callTimeout+gracePeriod {
			t.Errorf("after %s: got the error %v, want a hang after %s", took, err, callTimeout+gracePeriod)
		}
	})
}
