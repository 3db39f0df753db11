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

// How far apart the attempts for one request are.
const (
	firstWait = 200 * time.Millisecond
	lastWait  = 5 * time.Second
)

// freshFor is how long a certificate is kept that could not be written.
const freshFor = time.Minute

// rememberedSettled bounds the memory of settled requests. It has to last until the
// cache has seen them.
const rememberedSettled = 16384

// errDeleted ends the attempt for a request that was deleted.
var errDeleted = errors.New("the request was deleted")

// flights remembers the requests that are under way, and for a while those that are
// settled or deleted: a cache may show one again as it was before. A UID is never used
// twice.
type flights struct {
	mu      sync.Mutex
	open    map[types.UID]*flight
	settled *lru.Cache
}

func newFlights() *flights {
	return &flights{open: make(map[types.UID]*flight), settled: lru.New(rememberedSettled)}
}

// begin is for one who begins an attempt; there is one at a time for a request. It
// reports whether there is something to do. The attempt is cancelled when the request is
// deleted.
func (s *flights) begin(uid types.UID, cancel context.CancelCauseFunc) (*flight, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, settled := s.settled.Get(uid); settled {
		return nil, false
	}
	f := s.open[uid]
	if f == nil {
		f = &flight{}
		s.open[uid] = f
	}
	f.cancel = cancel
	return f, true
}

// settle notes that nothing is left to do for a request.
func (s *flights) settle(uid types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settled.Add(uid, nil)
	delete(s.open, uid)
}

// forget ends a flight; the request may come back.
func (s *flights) forget(uid types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, uid)
}

// abandon notes that a request was deleted, and ends the attempt for it.
func (s *flights) abandon(uid types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.open[uid]; f != nil {
		f.cancel(errDeleted)
	}
	s.settled.Add(uid, nil)
	delete(s.open, uid)
}

// flight is a request that is under way. It belongs to whoever works on the request,
// but for the cancellation.
type flight struct {
	cancel   context.CancelCauseFunc
	attempts int
	told     bool    // an event has told why it takes so long
	answer   *answer // obtained, and not written yet
}

// holds reports whether there is a certificate of an issuer that can still be written.
func (f *flight) holds(on *serving, now time.Time) bool {
	return f.answer != nil && f.answer.fingerprint == on.fingerprint && now.Sub(f.answer.obtained) < freshFor
}

// backoff is how long to wait after another failed attempt.
func (f *flight) backoff() time.Duration {
	d := min(firstWait<<min(f.attempts, 16), lastWait)
	f.attempts++
	return wait.Jitter(d*8/10, 0.25)
}
