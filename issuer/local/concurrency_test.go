package local_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/trustgen/trustgen/issuer"
)

// holding makes the upstream report each request, and respond when it is released.
func (l *life) holding() (requested, release chan struct{}) {
	requested, release = make(chan struct{}, 100), make(chan struct{})
	l.up.responds(func(ctx context.Context, r issuer.IntermediateRequest) (*issuer.Chain, error) {
		requested <- struct{}{}
		select {
		case <-release:
			return l.up.root.IssueIntermediate(ctx, r)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	return requested, release
}

func TestCheck_ConcurrentCallsObtainOneCA(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLife(t)
		_, release := l.holding()
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				if err := l.Check(t.Context()); err != nil {
					t.Errorf("it is not healthy: %v", err)
				}
			})
		}
		group.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := l.Check(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the call with a deadline returns %v", err)
			}
		})
		time.AfterFunc(2*time.Second, func() { close(release) })
		group.Wait()
		if n := len(l.up.requests()); n != 1 && n != 2 { // the one with a deadline may be first
			t.Errorf("the upstream was called %d times", n)
		}
	})
}

func TestCheck_ConcurrentCallsShareAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLife(t)
		down, release := errors.New("down"), make(chan struct{})
		l.up.responds(func(context.Context, issuer.IntermediateRequest) (*issuer.Chain, error) {
			<-release
			return nil, down
		})
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				if err := l.Check(t.Context()); !errors.Is(err, down) {
					t.Errorf("got the error %v, want that the upstream is down", err)
				}
			})
		}
		synctest.Wait()
		close(release)
		group.Wait()
		if n := len(l.up.requests()); n != 1 {
			t.Errorf("the upstream was called %d times, want once", n)
		}
	})
}

func TestIssue_DoesNotWaitForARenewal(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	first := l.healthy(t)
	l.at(due)
	requested, release := l.holding()
	renewed := make(chan error)
	go func() { renewed <- l.Check(t.Context()) }()
	<-requested
	if !l.healthy(t).Equal(first) || !l.obtain(t).Certificates[1].Equal(first) {
		t.Error("the new CA is used before it is issued")
	}
	close(release)
	if err := <-renewed; err != nil || l.Certificate().Equal(first) {
		t.Errorf("it is not renewed: %v", err)
	}
}

func TestIssue_SucceedsDuringRenewals(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.healthy(t)
	var still sync.RWMutex // the clock stands still while a leaf is issued
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				still.RLock()
				if _, err := issuer.Obtain(t.Context(), l, request(), l.options()); err != nil {
					t.Errorf("no leaf: %v", err)
				}
				if crl, err := l.CRL(); err != nil || len(crl.Raw) == 0 {
					t.Errorf("no CRL: %v", err)
				}
				still.RUnlock()
			}
		})
	}
	for i := range 10 {
		still.Lock()
		l.at(time.Duration(i) * due)
		still.Unlock()
		var checks sync.WaitGroup
		for range 2 {
			checks.Go(func() {
				if err := l.Check(t.Context()); err != nil {
					t.Errorf("it is not healthy: %v", err)
				}
			})
		}
		checks.Wait()
	}
	group.Wait()
	if n := len(l.up.requests()); n != 10 {
		t.Errorf("the upstream was called %d times, want 10", n)
	}
}

func TestCheck_AnnouncesWhileIssuing(t *testing.T) {
	t.Parallel()
	l, b := announced(t)
	var still sync.RWMutex // the clock stands still while it is read
	for i := range 20 {
		still.Lock()
		l.at(time.Duration(i) * due / 2)
		still.Unlock()
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				still.RLock()
				defer still.RUnlock()
				if err := l.Check(t.Context()); (err == nil) != (i > 0) {
					t.Errorf("turn %d: %v", i, err)
				}
				if i == 0 {
					return
				}
				chain, err := issuer.Obtain(t.Context(), l, request(), l.options())
				if err != nil {
					t.Errorf("no leaf: %v", err)
				} else if b.shows(chain.Certificates[1]).IsZero() {
					t.Errorf("a leaf is signed by %s, which is not announced", chain.Certificates[1].Subject)
				}
			})
		}
		group.Wait()
	}
	if n := len(l.up.requests()); n != len(b.chains) {
		t.Errorf("%d CAs were requested, %d announced", n, len(b.chains))
	}
}
