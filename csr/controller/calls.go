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

// calls let those who want the same at the same time share one call to a CA. It goes on
// for as long as one of them waits, whoever came first.
type calls struct {
	timeout time.Duration

	mu   sync.Mutex
	open map[string]*call
}

// call is one that is under way.
type call struct {
	cancel  context.CancelFunc
	waiting int
	done    chan struct{} // closed when there is a result
	chain   *issuer.Chain
	err     error
}

func newCalls(timeout time.Duration) *calls {
	return &calls{timeout: timeout, open: make(map[string]*call)}
}

type ask = func(context.Context) (*issuer.Chain, error)

// join waits for the call of a key, and makes it if there is none.
func (s *calls) join(ctx context.Context, key string, ask ask) (*issuer.Chain, error) {
	c := s.enter(ctx, key, ask)
	defer s.leave(key, c)
	select {
	case <-c.done:
		return c.chain, c.err
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the CA: %w", context.Cause(ctx))
	}
}

func (s *calls) enter(ctx context.Context, key string, ask ask) *call {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.open[key]
	if c == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
		c = &call{cancel: cancel, done: make(chan struct{})}
		s.open[key] = c
		go s.run(ctx, key, c, ask)
	}
	c.waiting++
	return c
}

// leave ends the call when nobody waits for it any more.
func (s *calls) leave(key string, c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.waiting--
	if c.waiting == 0 {
		c.cancel()
		s.close(key, c)
	}
}

// close lets the next one make a new call.
func (s *calls) close(key string, c *call) {
	if s.open[key] == c {
		delete(s.open, key)
	}
}

func (s *calls) run(ctx context.Context, key string, c *call, ask ask) {
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
	c.chain, c.err = ask(ctx)
}
