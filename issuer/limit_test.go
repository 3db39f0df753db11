package issuer_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trustgen/trustgen/issuer"
)

// busy takes a second for a request, and counts concurrent requests.
type busy struct{ now, most, served atomic.Int32 }

func (b *busy) Issue(ctx context.Context, _ issuer.Request) (*issuer.Chain, error) {
	defer b.now.Add(-1)
	for n := b.now.Add(1); ; {
		most := b.most.Load()
		if n <= most || b.most.CompareAndSwap(most, n) {
			break
		}
	}
	select {
	case <-time.After(time.Second):
		b.served.Add(1)
		return &issuer.Chain{}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (b *busy) Check(context.Context) error { return nil }

// askAll makes n concurrent requests, and returns how many failed.
func askAll(ctx context.Context, i issuer.Issuer, n int) int32 {
	var failed atomic.Int32
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			if _, err := i.Issue(ctx, issuer.Request{}); err != nil {
				failed.Add(1)
			}
		})
	}
	group.Wait()
	return failed.Load()
}

func TestLimit_Concurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b busy
		begin := time.Now()
		if failed := askAll(t.Context(), issuer.Limit(&b, issuer.LimitOptions{Concurrency: 3}), 9); failed > 0 {
			t.Errorf("%d requests failed", failed)
		}
		if took := time.Since(begin); b.most.Load() != 3 || took != 3*time.Second {
			t.Errorf("%d at once took %s, want 3 in 3s", b.most.Load(), took)
		}
	})
}

func TestLimit_Rate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b busy
		begin := time.Now()
		askAll(t.Context(), issuer.Limit(&b, issuer.LimitOptions{Rate: 2, Burst: 4}), 10)
		if took := time.Since(begin); took != 4*time.Second { // 4 at once, 6 more in 3 s, the last takes 1 s
			t.Errorf("10 requests took %s, want 4s", took)
		}
	})
}

func TestLimit_EndedContextIsTransient(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]issuer.LimitOptions{"for a slot": {Concurrency: 1}, "for the rate": {Rate: 0.1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var b busy
				limited := issuer.Limit(&b, o)
				ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
				defer cancel()
				if failed := askAll(ctx, limited, 3); failed != 2 || b.served.Load() != 1 {
					t.Errorf("%d failed and %d were served, want 2 and 1", failed, b.served.Load())
				}
				cancel()
				_, err := limited.Issue(ctx, issuer.Request{})
				if err == nil || errors.As(err, new(*issuer.PermanentError)) {
					t.Errorf("got the error %v, want a transient one", err)
				}
			})
		})
	}
}

func TestLimit_ZeroOptionsDoNotDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b busy
		begin := time.Now()
		askAll(t.Context(), issuer.Limit(&b, issuer.LimitOptions{}), 50)
		if took := time.Since(begin); took != time.Second {
			t.Errorf("50 requests took %s, want 1s", took)
		}
	})
}

func TestAs_FindsTheWrappedIssuer(t *testing.T) {
	t.Parallel()
	limited := issuer.Limit(&busy{}, issuer.LimitOptions{})
	if _, ok := issuer.As[issuer.Checker](limited); !ok {
		t.Error("the Checker behind the limit is not found")
	}
	if _, ok := issuer.As[issuer.IntermediateIssuer](limited); ok {
		t.Error("an IntermediateIssuer is found, expected none")
	}
}
