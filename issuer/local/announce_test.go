package local_test

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer/local"
)

// ahead is how long CAs are announced in tests.
const ahead = time.Hour

// board is an Announcer.
type board struct {
	now func() time.Time

	mu     sync.Mutex
	since  map[string]time.Time // by the bytes of the certificate
	chains [][]*x509.Certificate
	crls   []*x509.RevocationList
	fault  error
}

func (b *board) Announce(ctx context.Context, chain []*x509.Certificate, crl *x509.RevocationList) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := errors.Join(ctx.Err(), b.fault); err != nil {
		return false, err
	}
	if _, there := b.since[string(chain[0].Raw)]; there {
		return false, nil
	}
	b.since[string(chain[0].Raw)] = b.now()
	b.chains, b.crls = append(b.chains, chain), append(b.crls, crl)
	return true, nil
}

func (b *board) fails(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault = err
}

func (b *board) wipe() {
	b.mu.Lock()
	defer b.mu.Unlock()
	clear(b.since)
}

// shows returns since when a CA is published, or zero.
func (b *board) shows(cert *x509.Certificate) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.since[string(cert.Raw)]
}

// announced returns a CA that is announced on a board.
func announced(t *testing.T, change ...func(*local.EphemeralOptions)) (*life, *board) {
	t.Helper()
	b := &board{since: make(map[string]time.Time)}
	l := newLife(t, append([]func(*local.EphemeralOptions){func(o *local.EphemeralOptions) {
		b.now = o.Now
		o.Announce, o.Announcer = ahead, b
	}}, change...)...)
	return l, b
}

// unready requires that no CA signs.
func (l *life) unready(t *testing.T, want string) {
	t.Helper()
	if err := l.Check(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("got the error %v, want one with %q", err, want)
	}
	wantTransient(t, l, want)
	if l.Certificate() != nil {
		t.Error("Certificate returns a CA")
	}
}

// signsFrom is the status of an announced CA.
func signsFrom(elapsed time.Duration) string {
	return "is announced and signs from " + catest.Now().Add(elapsed).UTC().Format(time.RFC3339)
}

func TestAnnounce_FirstCAIsPublishedBeforeItSigns(t *testing.T) {
	t.Parallel()
	l, b := announced(t)
	wantTransient(t, l, "the CA east has not been obtained yet")
	l.unready(t, signsFrom(ahead))
	l.at(ahead - time.Second)
	l.unready(t, signsFrom(ahead))
	l.at(ahead)
	cert := l.healthy(t)
	if got := l.obtain(t).Certificates[1]; !got.Equal(cert) || len(l.up.requests()) != 1 {
		t.Errorf("a leaf is signed by %s after %d requests", got.Subject, len(l.up.requests()))
	}
	if diff := cmp.Diff([][]*x509.Certificate{l.Chain()}, b.chains, catest.Identical()); diff != "" {
		t.Errorf("announced (-want +got):\n%s", diff)
	}
	if err := b.crls[0].CheckSignatureFrom(cert); err != nil || catest.Must(l.CRL())(t) != b.crls[0] {
		t.Errorf("another CRL is announced: %v", err)
	}
}

func TestAnnounce_TimeStartsWhenPublished(t *testing.T) {
	t.Parallel()
	l, b := announced(t)
	full := errors.New("the board is full")
	b.fails(full)
	for _, elapsed := range []time.Duration{0, ahead, 2 * ahead} {
		l.at(elapsed)
		l.unready(t, "has not been announced yet: announce the CA ")
		if err := l.Check(t.Context()); !errors.Is(err, full) || !errors.Is(l.Trouble(), full) {
			t.Errorf("got the errors %v and %v, want that of the board", err, l.Trouble())
		}
	}
	b.fails(nil)
	l.unready(t, signsFrom(3*ahead))
	if err := l.Trouble(); err != nil {
		t.Errorf("the error is still reported: %v", err)
	}
	l.at(3*ahead - time.Second)
	l.unready(t, signsFrom(3*ahead))
	l.at(3 * ahead)
	l.healthy(t)
	if n := len(l.up.requests()); n != 1 {
		t.Errorf("the upstream was called %d times, want once", n)
	}
}

func TestAnnounce_TimeRestartsAfterAnInterruption(t *testing.T) {
	t.Parallel()
	l, b := announced(t)
	l.unready(t, signsFrom(ahead))
	b.wipe()
	l.at(ahead)
	l.unready(t, signsFrom(2*ahead))
	b.fails(errors.New("unavailable"))
	l.at(2 * ahead)
	l.unready(t, signsFrom(2*ahead)) // it is unknown whether it is published
	b.fails(nil)
	l.healthy(t)
}

func TestAnnounce_CurrentCASignsInTheMeantime(t *testing.T) {
	t.Parallel()
	l, b := announced(t)
	l.unready(t, "is announced")
	l.at(ahead)
	first := l.healthy(t)
	crl := catest.Must(l.CRL())(t)
	l.at(due - ahead - time.Second)
	l.healthy(t)
	if n := len(l.up.requests()); n != 1 {
		t.Errorf("the upstream was called %d times before the renewal is due", n)
	}
	for _, elapsed := range []time.Duration{due - ahead, due - time.Second} {
		l.at(elapsed)
		if !l.healthy(t).Equal(first) || !l.obtain(t).Certificates[1].Equal(first) || !l.Chain()[0].Equal(first) || catest.Must(l.CRL())(t) != crl {
			t.Errorf("after %s the new CA is in use", elapsed)
		}
		if len(b.chains) != 2 || len(l.up.requests()) != 2 || l.Trouble() != nil {
			t.Errorf("after %s %d CAs were announced and %d requested: %v", elapsed, len(b.chains), len(l.up.requests()), l.Trouble())
		}
	}
	l.at(due)
	if second := l.healthy(t); !second.Equal(b.chains[1][0]) || !l.obtain(t).Certificates[1].Equal(second) {
		t.Errorf("%s signs, but was not announced", second.Subject)
	}
}

func TestAnnounce_FailureDoesNotAffectAHealthyCA(t *testing.T) {
	t.Parallel()
	away := errors.New("unavailable")
	l, b := announced(t)
	l.unready(t, "is announced")
	l.at(ahead)
	first := l.healthy(t)
	b.wipe()
	l.healthy(t)
	if b.shows(first).IsZero() {
		t.Error("the CA that signs is not announced again")
	}
	b.fails(away)
	for _, elapsed := range []time.Duration{due - ahead, due, due + ahead} {
		l.at(elapsed)
		if !l.healthy(t).Equal(first) || !errors.Is(l.Trouble(), away) {
			t.Errorf("after %s the renewal gives %v", elapsed, l.Trouble())
		}
	}
	if n := len(l.up.requests()); n != 2 {
		t.Errorf("the upstream was called %d times, want 2", n)
	}
	l.at(24*time.Hour - local.MinimumLeft + time.Second)
	if err := l.Check(t.Context()); !errors.Is(err, away) || !strings.Contains(err.Error(), "ends at") || !strings.Contains(err.Error(), "has not been announced yet") {
		t.Errorf("got the error %v, want the end and the reason", err)
	}
	b.fails(nil)
	if err := l.Check(t.Context()); err == nil || !strings.Contains(err.Error(), signsFrom(25*time.Hour-local.MinimumLeft+time.Second)) {
		t.Errorf("got the error %v, want when the new CA signs", err)
	}
}

func TestAnnounce_UnpublishedCAIsReplacedBeforeItsEnd(t *testing.T) {
	t.Parallel()
	l, b := announced(t)
	b.fails(errors.New("unavailable"))
	l.unready(t, "has not been announced yet")
	l.at(24*time.Hour - local.MinimumLeft + time.Second)
	b.fails(nil)
	l.unready(t, "is announced")
	if n := len(l.up.requests()); n != 2 || b.chains[0][0].NotAfter.Before(l.now().Add(23*time.Hour)) {
		t.Errorf("the upstream was called %d times, and the announced CA ends at %s", n, b.chains[0][0].NotAfter)
	}
}

func TestAnnounce_RejectsACAWithAShortLifetime(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]string{3 * ahead: "is announced", 3*ahead - time.Second: "too soon for announcements of 1h0m0s"} {
		l, _ := announced(t)
		l.up.responds(l.resigned(t, func(c *x509.Certificate) { c.NotAfter = catest.Now().Add(left) }))
		if err := l.Check(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got the error %v, want one with %q", left, err, want)
		}
	}
}

func TestAnnounce_OffByDefault(t *testing.T) {
	t.Parallel()
	l, b := announced(t, func(o *local.EphemeralOptions) { o.Announce = 0 })
	l.healthy(t)
	if len(b.chains) > 0 {
		t.Error("it is announced")
	}
}

// TestAnnounce_NoCASignsEarly checks every minute of several days, with the shortest and
// the longest announcements.
func TestAnnounce_NoCASignsEarly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ lifetime, announce, given time.Duration }{
		"the shortest lifetime":             {time.Hour, 15 * time.Minute, time.Hour},
		"the shortest announcement":         {6 * time.Hour, time.Minute, 6 * time.Hour},
		"the longest announcement":          {24 * time.Hour, 6 * time.Hour, 24 * time.Hour},
		"a shorter lifetime than requested": {24 * time.Hour, 6 * time.Hour, 18 * time.Hour},
	} {
		for _, jitter := range []float64{0, 0.5, 0.999} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				l, b := announced(t, func(o *local.EphemeralOptions) {
					o.Lifetime, o.Announce, o.Jitter = test.lifetime, test.announce, func() float64 { return jitter }
				})
				l.up.responds(l.resigned(t, func(c *x509.Certificate) { c.NotAfter = l.now().Add(test.given) }))
				seen := make(map[string]bool)
				for elapsed := time.Duration(0); elapsed < 5*test.lifetime; elapsed += time.Minute {
					l.at(elapsed)
					err := l.Check(t.Context())
					if (err == nil) != (elapsed >= test.announce) {
						t.Fatalf("after %s: %v", elapsed, err)
					}
					if err != nil {
						continue
					}
					cert := l.Certificate()
					seen[string(cert.Raw)] = true
					if since := b.shows(cert); since.IsZero() || l.now().Sub(since) < test.announce {
						t.Fatalf("after %s %s signs, published since %s", elapsed, ca.Describe(cert), since)
					}
				}
				if len(seen) < 5 || len(l.up.requests()) > len(seen)+1 {
					t.Errorf("%d CAs were requested, %d have signed", len(l.up.requests()), len(seen))
				}
			})
		}
	}
}
