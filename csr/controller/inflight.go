package controller

import (
	"context"
	"errors"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/lru"
)

// The bounds of the backoff between two attempts for one request.
const (
	minBackoff = 200 * time.Millisecond
	maxBackoff = 5 * time.Second
)

// unwrittenLifetime is how long a signed certificate is kept for another write.
const unwrittenLifetime = time.Minute

// maxSettled is how many settled requests are remembered: all that the cache has not
// caught up with.
const maxSettled = 16384

// errDeleted is the cause with which an attempt is cancelled when its request is deleted.
var errDeleted = errors.New("the request was deleted")

// inflight tracks the requests that are being worked on. It also remembers settled and
// deleted requests for a while, since a stale cache may return them in their old state. The
// key is the UID, which Kubernetes never reuses.
type inflight struct {
	mu      sync.Mutex
	open    map[types.UID]*inflightRequest
	settled *lru.Cache
}

func newInflight() *inflight {
	return &inflight{open: make(map[types.UID]*inflightRequest), settled: lru.New(maxSettled)}
}

// begin registers an attempt, which [inflight.abandon] cancels. It returns false for a
// request that is settled or deleted. The caller makes one attempt at a time for a request.
func (s *inflight) begin(uid types.UID, cancel context.CancelCauseFunc) (*inflightRequest, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, settled := s.settled.Get(uid); settled {
		return nil, false
	}
	f := s.open[uid]
	if f == nil {
		f = &inflightRequest{}
		s.open[uid] = f
	}
	f.cancel = cancel
	return f, true
}

// settle ends the work on a request for good.
func (s *inflight) settle(uid types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settled.Add(uid, nil)
	delete(s.open, uid)
}

// forget ends the work on a request, which may begin again.
func (s *inflight) forget(uid types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, uid)
}

// abandon ends the work on a deleted request and cancels its attempt.
func (s *inflight) abandon(uid types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.open[uid]; f != nil {
		f.cancel(errDeleted)
	}
	s.settled.Add(uid, nil)
	delete(s.open, uid)
}

// inflightRequest is the state of one request between attempts. Except for cancel, only the
// current attempt uses it.
type inflightRequest struct {
	cancel    context.CancelCauseFunc
	attempts  int
	eventSent bool         // the event with the reason for the delay
	unwritten *signedChain // obtained, but not written yet
}

// canWrite reports whether there is a recent certificate of this issuer to write.
func (f *inflightRequest) canWrite(active *activeIssuer, now time.Time) bool {
	return f.unwritten != nil && f.unwritten.fingerprint == active.fingerprint && now.Sub(f.unwritten.obtained) < unwrittenLifetime
}

// backoff is the delay after another failed attempt.
func (f *inflightRequest) backoff() time.Duration {
	d := min(minBackoff<<min(f.attempts, 16), maxBackoff)
	f.attempts++
	return wait.Jitter(d*8/10, 0.25)
}
