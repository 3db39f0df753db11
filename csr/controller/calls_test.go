package controller

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trustgen/trustgen/issuer"
)

func TestCalls(t *testing.T) {
	t.Run("one that has ended answers nobody who comes later", func(t *testing.T) {
		s, n := newCalls(time.Minute), 0
		ask := func(context.Context) (*issuer.Chain, error) { n++; return nil, errors.New("away") }
		for range 2 {
			if _, err := s.join(t.Context(), "key", ask); err == nil {
				t.Error("no error")
			}
		}
		if n != 2 || len(s.open) != 0 {
			t.Errorf("asked %d times, want 2; %d open", n, len(s.open))
		}
	})
	t.Run("others are not shared", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, open, n := newCalls(time.Minute), make(chan struct{}), make(chan int, 2)
			for _, key := range []string{"a", "b"} {
				go s.join(t.Context(), key, func(context.Context) (*issuer.Chain, error) { n <- 1; <-open; return nil, nil })
			}
			synctest.Wait()
			if len(n) != 2 {
				t.Errorf("%d calls, want 2", len(n))
			}
			close(open)
		})
	})
	t.Run("one that nobody waits for is cancelled, and does not keep the next from another", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newCalls(time.Minute)
			ctx, cancel := context.WithCancelCause(t.Context())
			stubborn := make(chan struct{})
			cancelled := false
			go s.join(ctx, "key", func(ctx context.Context) (*issuer.Chain, error) {
				<-ctx.Done()
				cancelled = true
				<-stubborn // a CA that takes its time to end
				return nil, errors.New("of the first")
			})
			synctest.Wait()
			cancel(errDeleted)
			synctest.Wait()
			if !cancelled {
				t.Error("it goes on")
			}
			want := &issuer.Chain{}
			got, err := s.join(t.Context(), "key", func(context.Context) (*issuer.Chain, error) { close(stubborn); synctest.Wait(); return want, nil })
			if got != want || err != nil {
				t.Errorf("got %v, %v", got, err)
			}
			if len(s.open) != 0 {
				t.Errorf("%d open", len(s.open))
			}
		})
	})
	t.Run("one that was given up and ends late leaves the next one alone", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, n := newCalls(time.Minute), 0
			ctx, cancel := context.WithCancel(t.Context())
			stubborn, open := make(chan struct{}), make(chan struct{})
			go s.join(ctx, "key", func(context.Context) (*issuer.Chain, error) { <-stubborn; return nil, nil })
			synctest.Wait()
			cancel()
			synctest.Wait()
			ask := func(context.Context) (*issuer.Chain, error) { n++; <-open; return nil, nil }
			go s.join(t.Context(), "key", ask)
			synctest.Wait()
			close(stubborn)
			synctest.Wait()
			go s.join(t.Context(), "key", ask)
			synctest.Wait()
			if n != 1 {
				t.Errorf("asked %d times, want once", n)
			}
			close(open)
		})
	})
	t.Run("one is bounded, however many wait", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s, begin := newCalls(time.Minute), time.Now()
			_, err := s.join(t.Context(), "key", func(ctx context.Context) (*issuer.Chain, error) { <-ctx.Done(); return nil, ctx.Err() })
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Minute {
				t.Errorf("%v after %s", err, time.Since(begin))
			}
		})
	})
	t.Run("who leaves says why", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errDeleted)
		_, err := newCalls(time.Minute).join(ctx, "key", func(ctx context.Context) (*issuer.Chain, error) { <-ctx.Done(); return nil, ctx.Err() })
		if !errors.Is(err, errDeleted) {
			t.Errorf("the error is %v", err)
		}
	})
}
