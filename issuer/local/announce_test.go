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

// ahead is for how long the CAs of a test are announced.
const ahead = time.Hour

// board is where CAs are announced.
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

// shows is since when a CA is there, zero if it is not.
func (b *board) shows(cert *x509.Certificate) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.since[string(cert.Raw)]
}

// announced is a CA that announces itself.
func announced(t *testing.T, change ...func(*local.EphemeralOptions)) (*life, *board) {
	t.Helper()
	b := &board{since: make(map[string]time.Time)}
	l := born(t, append([]func(*local.EphemeralOptions){func(o *local.EphemeralOptions) {
		b.now = o.Now
		o.Announce, o.Announcer = ahead, b
	}}, change...)...)
	return l, b
}

// unready checks a CA that does not sign.
func (l *life) unready(t *testing.T, want string) {
	t.Helper()
	if err := l.Check(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("got the error %v, want one with %q", err, want)
	}
	wantTransient(t, l, want)
	if l.Certificate() != nil {
		t.Error("it says that a CA signs")
	}
}

// signsFrom is what a CA that waits says, in the time zone of all logs.
func signsFrom(elapsed time.Duration) string {
	return "is announced and signs from " + catest.Now().Add(elapsed).UTC().Format(time.RFC3339)
}

func TestTheFirstCAIsPublicBeforeItSigns(t *testing.T) {
	t.Parallel()
	l, b := announced(t)
	wantTransient(t, l, "the CA east has not been obtained yet")
	l.unready(t, signsFrom(ahead))
	l.at(ahead - time.Second)
	l.unready(t, signsFrom(ahead))
	l.at(ahead)
	cert := l.healthy(t)
	if got := l.obtain(t).Certificates[1]; !got.Equal(cert) || len(l.up.requests()) != 1 {
		t.Errorf("a leaf is of %s after %d requests", got.Subject, len(l.up.requests()))
	}
	if diff := cmp.Diff([][]*x509.Certificate{l.Chain()}, b.chains, catest.Identical()); diff != "" {
		t.Errorf("announced (-want +got):\n%s", diff)
	}
	if err := b.crls[0].CheckSignatureFrom(cert); err != nil || catest.Must(l.CRL())(t) != b.crls[0] {
		t.Errorf("another CRL is announced: %v", err)
	}
}

func TestTheTimeBeginsWhenACAIsPublic(t *testing.T) {
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
		t.Errorf("what is mended is still told: %v", err)
	}
	l.at(3*ahead - time.Second)
	l.unready(t, signsFrom(3*ahead))
	l.at(3 * ahead)
	l.healthy(t)
	if n := len(l.up.requests()); n != 1 {
		t.Errorf("the upstream was asked %d times, want once", n)
	}
}

func TestWhatWasNotPublicForAWhileWaitsAnew(t *testing.T) {
	t.Parallel()
	l, b := announced(t)
	l.unready(t, signsFrom(ahead))
	b.wipe()
	l.at(ahead)
	l.unready(t, signsFrom(2*ahead))
	b.fails(errors.New("away"))
	l.at(2 * ahead)
	l.unready(t, signsFrom(2*ahead)) // nobody knows what others see
	b.fails(nil)
	l.healthy(t)
}

func TestTheOldCASignsUntilTheNextOneHasBeenPublic(t *testing.T) {
	t.Parallel()
	l, b := announced(t)
	l.unready(t, "is announced")
	l.at(ahead)
	first := l.healthy(t)
	crl := catest.Must(l.CRL())(t)
	l.at(due - ahead - time.Second)
	l.healthy(t)
	if n := len(l.up.requests()); n != 1 {
		t.Errorf("the upstream was asked %d times before the renewal is due", n)
	}
	for _, elapsed := range []time.Duration{due - ahead, due - time.Second} {
		l.at(elapsed)
		if !l.healthy(t).Equal(first) || !l.obtain(t).Certificates[1].Equal(first) || !l.Chain()[0].Equal(first) || catest.Must(l.CRL())(t) != crl {
			t.Errorf("after %s the new CA is taken for the one that signs", elapsed)
		}
		if len(b.chains) != 2 || len(l.up.requests()) != 2 || l.Trouble() != nil {
			t.Errorf("after %s %d CAs were announced and %d asked for: %v", elapsed, len(b.chains), len(l.up.requests()), l.Trouble())
		}
	}
	l.at(due)
	if second := l.healthy(t); !second.Equal(b.chains[1][0]) || !l.obtain(t).Certificates[1].Equal(second) {
		t.Errorf("%s signs, which was not announced", second.Subject)
	}
}

func TestAHealthyCADoesNotMindThatItCannotBeAnnounced(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
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
		t.Errorf("the upstream was asked %d times, want 2", n)
	}
	l.at(24*time.Hour - local.MinimumLeft + time.Second)
	if err := l.Check(t.Context()); !errors.Is(err, away) || !strings.Contains(err.Error(), "ends at") || !strings.Contains(err.Error(), "has not been announced yet") {
		t.Errorf("got the error %v, want what ends and what is in the way", err)
	}
	b.fails(nil)
	if err := l.Check(t.Context()); err == nil || !strings.Contains(err.Error(), signsFrom(25*time.Hour-local.MinimumLeft+time.Second)) {
		t.Errorf("got the error %v, want when the new CA signs", err)
	}
}

func TestACAThatNobodyCouldSeeIsReplacedBeforeItsEnd(t *testing.T) {
	t.Parallel()
	l, b := announced(t)
	b.fails(errors.New("away"))
	l.unready(t, "has not been announced yet")
	l.at(24*time.Hour - local.MinimumLeft + time.Second)
	b.fails(nil)
	l.unready(t, "is announced")
	if n := len(l.up.requests()); n != 2 || b.chains[0][0].NotAfter.Before(l.now().Add(23*time.Hour)) {
		t.Errorf("the upstream was asked %d times, and what is announced ends at %s", n, b.chains[0][0].NotAfter)
	}
}

func TestACAWithTooLittleTimeForAnnouncementsIsRefused(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]string{3 * ahead: "is announced", 3*ahead - time.Second: "too soon for announcements of 1h0m0s"} {
		l, _ := announced(t)
		l.up.answers(l.resigned(t, func(c *x509.Certificate) { c.NotAfter = catest.Now().Add(left) }))
		if err := l.Check(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got the error %v, want one with %q", left, err, want)
		}
	}
}

func TestACAIsNotAnnouncedUnlessToldTo(t *testing.T) {
	t.Parallel()
	l, b := announced(t, func(o *local.EphemeralOptions) { o.Announce = 0 })
	l.healthy(t)
	if len(b.chains) > 0 {
		t.Error("it is announced")
	}
}

// TestNobodyMeetsACAThatIsNew lets days pass, minute by minute, for the shortest and the
// longest times that are allowed.
func TestNobodyMeetsACAThatIsNew(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ lifetime, announce, given time.Duration }{
		"the shortest life":       {time.Hour, 15 * time.Minute, time.Hour},
		"the shortest time":       {6 * time.Hour, time.Minute, 6 * time.Hour},
		"the longest time":        {24 * time.Hour, 6 * time.Hour, 24 * time.Hour},
		"less than was asked for": {24 * time.Hour, 6 * time.Hour, 18 * time.Hour},
	} {
		for _, jitter := range []float64{0, 0.5, 0.999} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				l, b := announced(t, func(o *local.EphemeralOptions) {
					o.Lifetime, o.Announce, o.Jitter = test.lifetime, test.announce, func() float64 { return jitter }
				})
				l.up.answers(l.resigned(t, func(c *x509.Certificate) { c.NotAfter = l.now().Add(test.given) }))
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
						t.Fatalf("after %s %s signs, which is public since %s", elapsed, ca.Describe(cert), since)
					}
				}
				if len(seen) < 5 || len(l.up.requests()) > len(seen)+1 {
					t.Errorf("%d CAs were asked for, %d have signed", len(l.up.requests()), len(seen))
				}
			})
		}
	}
}
