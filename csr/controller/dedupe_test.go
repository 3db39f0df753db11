package controller

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trustgen/trustgen/issuer"
)

func TestDedupe(t *testing.T) {
	t.Run("a call that has ended is not reused", func(t *testing.T) {
		s, n := newDedupe(time.Minute), 0
		call := func(context.Context) (*issuer.Chain, error) { n++; return nil, errors.New("away") }
		for range 2 {
			if _, err := s.do(t.Context(), "key", call); err == nil {
				t.Error("no error")
			}
		}
		if n != 2 || len(s.open) != 0 {
			t.Errorf("called %d times, want 2; %d open", n, len(s.open))
		}
	})
	t.Run("calls with different keys are not shared", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, open, n := newDedupe(time.Minute), make(chan struct{}), make(chan int, 2)
			for _, key := range []string{"a", "b"} {
				go s.do(t.Context(), key, func(context.Context) (*issuer.Chain, error) { n <- 1; <-open; return nil, nil })
			}
			synctest.Wait()
			if len(n) != 2 {
				t.Errorf("%d calls, want 2", len(n))
			}
			close(open)
		})
	})
	t.Run("a call without waiters is cancelled and not joined", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newDedupe(time.Minute)
			ctx, cancel := context.WithCancelCause(t.Context())
			stubborn := make(chan struct{})
			cancelled := false
			go s.do(ctx, "key", func(ctx context.Context) (*issuer.Chain, error) {
				<-ctx.Done()
				cancelled = true
				<-stubborn // a CA that takes its time to end
				return nil, errors.New("of the first")
			})
			synctest.Wait()
			cancel(errDeleted)
			synctest.Wait()
			if !cancelled {
				t.Error("it is not cancelled")
			}
			want := &issuer.Chain{}
			got, err := s.do(t.Context(), "key", func(context.Context) (*issuer.Chain, error) { close(stubborn); synctest.Wait(); return want, nil })
			if got != want || err != nil {
				t.Errorf("got %v, %v", got, err)
			}
			if len(s.open) != 0 {
				t.Errorf("%d open", len(s.open))
			}
		})
	})
	t.Run("a cancelled call that ends late does not affect the next one", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, n := newDedupe(time.Minute), 0
			ctx, cancel := context.WithCancel(t.Context())
			stubborn, open := make(chan struct{}), make(chan struct{})
			go s.do(ctx, "key", func(context.Context) (*issuer.Chain, error) { <-stubborn; return nil, nil })
			synctest.Wait()
			cancel()
			synctest.Wait()
			call := func(context.Context) (*issuer.Chain, error) { n++; <-open; return nil, nil }
			go s.do(t.Context(), "key", call)
			synctest.Wait()
			close(stubborn)
			synctest.Wait()
			go s.do(t.Context(), "key", call)
			synctest.Wait()
			if n != 1 {
				t.Errorf("called %d times, want once", n)
			}
			close(open)
		})
	})
	t.Run("a call has a timeout", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, begin := newDedupe(time.Minute), time.Now()
			_, err := s.do(t.Context(), "key", func(ctx context.Context) (*issuer.Chain, error) { <-ctx.Done(); return nil, ctx.Err() })
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Minute {
				t.Errorf("%v after %s", err, time.Since(begin))
			}
		})
	})
	t.Run("a waiter that leaves returns its cause", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errDeleted)
		_, err := newDedupe(time.Minute).do(ctx, "key", func(ctx context.Context) (*issuer.Chain, error) { <-ctx.Done(); return nil, ctx.Err() })
		if !errors.Is(err, errDeleted) {
			t.Errorf("the error is %v", err)
		}
	})
}
