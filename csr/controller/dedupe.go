package controller

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/trustgen/trustgen/issuer"
)

// dedupe lets concurrent identical requests share one call to a CA. Unlike singleflight, a
// call belongs to all that wait for it: it is cancelled when the last of them leaves.
type dedupe struct {
	timeout time.Duration

	mu   sync.Mutex
	open map[string]*sharedCall
}

// sharedCall is a call in progress.
type sharedCall struct {
	cancel  context.CancelFunc
	waiting int
	done    chan struct{} // closed when there is a result
	chain   *issuer.Chain
	err     error
}

func newDedupe(timeout time.Duration) *dedupe {
	return &dedupe{timeout: timeout, open: make(map[string]*sharedCall)}
}

type issueFunc = func(context.Context) (*issuer.Chain, error)

// do waits for the result of the call with this key, and starts the call if there is none.
func (s *dedupe) do(ctx context.Context, key string, issue issueFunc) (*issuer.Chain, error) {
	c := s.join(ctx, key, issue)
	defer s.leave(key, c)
	select {
	case <-c.done:
		return c.chain, c.err
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the CA: %w", context.Cause(ctx))
	}
}

func (s *dedupe) join(ctx context.Context, key string, issue issueFunc) *sharedCall {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.open[key]
	if c == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
		c = &sharedCall{cancel: cancel, done: make(chan struct{})}
		s.open[key] = c
		go s.run(ctx, key, c, issue)
	}
	c.waiting++
	return c
}

// leave cancels the call if nobody else waits for it.
func (s *dedupe) leave(key string, c *sharedCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.waiting--
	if c.waiting == 0 {
		c.cancel()
		s.close(key, c)
	}
}

// close makes the next request with this key start a new call.
func (s *dedupe) close(key string, c *sharedCall) {
	if s.open[key] == c {
		delete(s.open, key)
	}
}

func (s *dedupe) run(ctx context.Context, key string, c *sharedCall, issue issueFunc) {
	defer func() {
		if p := recover(); p != nil {
			c.chain, c.err = nil, fmt.Errorf("the issuer panicked: %v", p)
			log.FromContext(ctx).Error(c.err, "panic", "stack", string(debug.Stack()))
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.close(key, c)
		close(c.done)
	}()
	c.chain, c.err = issue(ctx)
}
