package controller

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
)

// TestNoOutageFailsARequest holds each way of a CA to fail against a request, for longer
// than anybody waits.
func TestNoOutageFailsARequest(t *testing.T) {
	resource := schema.GroupResource{Group: "cert-manager.io", Resource: "certificaterequests"}
	tests := []struct {
		name  string
		begin func(*testing.T, *world)
		end   func(*testing.T, *world)
		event string
	}{
		{"a CA that is away", answers(errors.New("connection refused")), heal, "connection refused"},
		{"a CA whose own API says not found", answers(apierrors.NewNotFound(resource, "x")), heal, "not found"},
		{"a CA whose own API says conflict", answers(apierrors.NewConflict(resource, "x", errors.New("conflict"))), heal, "conflict"},
		{"a CA that gives up by itself", answers(context.DeadlineExceeded), heal, "deadline"},
		{"a CA that is cancelled by itself", answers(context.Canceled), heal, "canceled"},
		{"a CA that works on it", answers(&issuer.PendingError{Err: errors.New("in the queue")}), heal, ReasonPending},
		{"a CA that panics", func(_ *testing.T, w *world) { w.ca.before = func(context.Context) error { panic("boom") } }, heal, "boom"},
		{"a CA that lies", func(_ *testing.T, w *world) {
			w.ca.instead = func(*issuer.Chain) *issuer.Chain { return &issuer.Chain{Certificates: w.h.LeafChain()} }
		}, heal, "wrong certificate"},
		{"a CA that says nothing", func(_ *testing.T, w *world) {
			w.ca.instead = func(*issuer.Chain) *issuer.Chain { return nil }
		}, heal, "no certificate"},
		{"an issuer that is not there yet", func(_ *testing.T, w *world) { w.registry.remove(issuerKey{name: "mesh"}) }, func(t *testing.T, w *world) {
			w.serve(t, &serving{key: issuerKey{name: "mesh"}})
		}, "not there"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				test.begin(t, w)
				w.ask(t, "r")
				for time.Since(w.begin) < 10*time.Minute {
					again := w.reconcile(t, "r")
					if again <= 0 || again > lastWait {
						t.Fatalf("looked at again after %s", again)
					}
					pass(again)
				}
				if f := w.failure(t, "r"); f != nil || w.api.count("status") != 0 {
					t.Fatalf("failed: %v", f)
				}
				said := w.events.all()
				if len(said) != 1 || !strings.Contains(said[0], test.event) {
					t.Errorf("events: %q", said)
				}
				contains(t, "the log", w.log.String(), "not signed yet", "again=")
				test.end(t, w)
				w.reconcile(t, "r")
				w.chain(t, "r")
				w.wantsNothingOpen(t)
			})
		})
	}
}

func answers(err error) func(*testing.T, *world) {
	return func(_ *testing.T, w *world) { w.ca.before = func(context.Context) error { return err } }
}

func heal(_ *testing.T, w *world) { w.ca.before, w.ca.instead = nil, nil }

func TestBackoff(t *testing.T) {
	f := &flight{}
	waits := make(map[time.Duration]bool)
	for i := range 100 {
		most := min(firstWait<<min(i, 16), lastWait)
		got := f.backoff()
		if got > most || got < most*8/10 {
			t.Errorf("attempt %d: %s, want at most %s", i, got, most)
		}
		waits[got] = true
	}
	if len(waits) < 20 {
		t.Error("there is no jitter")
	}
}

func TestPending(t *testing.T) {
	tests := []struct {
		name               string
		after, least, most time.Duration
	}{
		{"a CA that leaves it to the caller", 0, 1, firstWait},
		{"a CA that names a time", 3 * time.Second, 3 * time.Second, 3 * time.Second},
		{"a CA in a hurry", time.Nanosecond, firstWait, firstWait},
		{"a CA with more time than a workload", time.Hour, lastWait, lastWait},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			answers(&issuer.PendingError{After: test.after, Err: errors.New("wait")})(t, w)
			w.ask(t, "r")
			if again := w.reconcile(t, "r"); again < test.least || again > test.most {
				t.Errorf("looked at again after %s, want %s to %s", again, test.least, test.most)
			}
			if got := metric(t, w.Metrics, "trustgen_attempts_total", string(resultPending)); got != 1 {
				t.Errorf("counted %v", got)
			}
		})
	}
}

func TestWhatACARefuses(t *testing.T) {
	long := strings.Repeat("é", maxMessage)
	tests := []struct {
		name         string
		reason, text string
		want         string
	}{
		{"with a reason of its own", "NameNotAllowed", "not on the list", "NameNotAllowed"},
		{"with no reason", "", "not on the list", ReasonRefused},
		{"with a sentence for a reason", "Not on the list!", "not on the list", ReasonRefused},
		{"with a long reason", strings.Repeat("a", maxReason+1), "not on the list", ReasonRefused},
		{"with more to say than there is room for", "Long", long, "Long"},
		{"with bytes that are no text", "Bytes", "not on the list \xff", "Bytes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			answers(&issuer.PermanentError{Reason: test.reason, Err: errors.New(test.text)})(t, w)
			w.ask(t, "r")
			if again := w.reconcile(t, "r"); again != 0 {
				t.Errorf("looked at again after %s", again)
			}
			w.wants(t, 1, 1)
			f := w.failure(t, "r")
			if f == nil || f.Reason != test.want || len(f.Message) > maxMessage || strings.ToValidUTF8(f.Message, "") != f.Message {
				t.Fatalf("the condition is %v", f)
			}
			said := w.events.all()
			if len(said) != 1 || len(said[0]) > maxNote+len("Warning "+test.want+" Sign ") {
				t.Errorf("events: %q", said)
			}
		})
	}
}

func TestARefusalAnswersRepeatsFromMemory(t *testing.T) {
	tests := []struct {
		name  string
		then  func(*testing.T, *world)
		calls int32
	}{
		{"of the same bytes", func(*testing.T, *world) {}, 1},
		{"for as long as an agent repeats them", func(*testing.T, *world) { pass(refusalsFor - 1) }, 1},
		{"but not for ever", func(*testing.T, *world) { pass(refusalsFor) }, 2},
		{"but not for an issuer that has changed", func(t *testing.T, w *world) {
			w.serve(t, &serving{key: issuerKey{name: "mesh"}, fingerprint: "2"})
		}, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				answers(&issuer.PermanentError{Reason: "No", Err: errors.New("no")})(t, w)
				w.ask(t, "first")
				w.reconcile(t, "first")
				test.then(t, w)
				w.ask(t, "second")
				w.reconcile(t, "second")
				w.wants(t, test.calls, 2)
				first, second := w.failure(t, "first"), w.failure(t, "second")
				if first == nil || second == nil || first.Reason != second.Reason || first.Message != second.Message {
					t.Errorf("first %v, second %v", first, second)
				}
			})
		})
	}
}

func TestADeadlineOfOneDoesNotEndTheCallOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		open := make(chan struct{})
		w.ca.before = func(ctx context.Context) error {
			select {
			case <-open:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		w.ask(t, "old")
		pass(patienceOfIstio - time.Second)
		w.ask(t, "new")
		results := make(chan time.Duration, 2)
		go func() { results <- w.reconcile(t, "old") }()
		synctest.Wait()
		go func() { results <- w.reconcile(t, "new") }()
		pass(2 * time.Second)
		if again := <-results; again <= 0 {
			t.Error("the old one did not end")
		}
		close(open)
		if again := <-results; again != 0 {
			t.Errorf("the new one is looked at again after %s", again)
		}
		w.wants(t, 1, 1)
		if chain := w.chain(t, "new"); chain[0].URIs[0].String() != catest.LeafID {
			t.Error("another certificate")
		}
	})
}

func TestIdenticalRequestsAreSignedOnce(t *testing.T) {
	tests := []struct {
		name string
		then func(*testing.T, *world)
		left []string
	}{
		{"for all of them", func(*testing.T, *world) {}, []string{"first", "second", "third"}},
		{"though the first was deleted", func(t *testing.T, w *world) { w.remove(t, "first") }, []string{"second", "third"}},
		{"though all others were deleted", func(t *testing.T, w *world) { w.remove(t, "first"); w.remove(t, "third") }, []string{"second"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				open := make(chan struct{})
				w.ca.before = func(ctx context.Context) error {
					select {
					case <-open:
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				}
				for _, name := range []string{"first", "second", "third"} {
					w.ask(t, name)
					go w.reconcile(t, name)
					synctest.Wait()
				}
				test.then(t, w)
				synctest.Wait()
				close(open)
				synctest.Wait()
				w.wants(t, 1, len(test.left))
				for _, name := range test.left {
					w.chain(t, name)
				}
				w.wantsNothingOpen(t)
			})
		})
	}
}
