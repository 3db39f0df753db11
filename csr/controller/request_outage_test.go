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

// Each failure of a CA lasts longer than any client waits.
func TestReconcile_NoOutageFailsARequest(t *testing.T) {
	resource := schema.GroupResource{Group: "cert-manager.io", Resource: "certificaterequests"}
	tests := []struct {
		name  string
		begin func(*testing.T, *requestEnv)
		end   func(*testing.T, *requestEnv)
		event string
	}{
		{"a CA that is away", answers(errors.New("connection refused")), heal, "connection refused"},
		{"a CA whose own API says not found", answers(apierrors.NewNotFound(resource, "x")), heal, "not found"},
		{"a CA whose own API says conflict", answers(apierrors.NewConflict(resource, "x", errors.New("conflict"))), heal, "conflict"},
		{"a CA that gives up by itself", answers(context.DeadlineExceeded), heal, "deadline"},
		{"a CA that is cancelled by itself", answers(context.Canceled), heal, "canceled"},
		{"a CA that works on it", answers(&issuer.PendingError{Err: errors.New("in the queue")}), heal, ReasonPending},
		{"a CA that panics", func(_ *testing.T, w *requestEnv) { w.ca.before = func(context.Context) error { panic("boom") } }, heal, "boom"},
		{"a CA that lies", func(_ *testing.T, w *requestEnv) {
			w.ca.instead = func(*issuer.Chain) *issuer.Chain { return &issuer.Chain{Certificates: w.h.LeafChain()} }
		}, heal, "wrong certificate"},
		{"a CA that says nothing", func(_ *testing.T, w *requestEnv) {
			w.ca.instead = func(*issuer.Chain) *issuer.Chain { return nil }
		}, heal, "no certificate"},
		{"an issuer that does not exist yet", func(_ *testing.T, w *requestEnv) { w.registry.remove(issuerKey{name: "mesh"}) }, func(t *testing.T, w *requestEnv) {
			w.serve(t, &activeIssuer{key: issuerKey{name: "mesh"}})
		}, "does not exist"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newRequestEnv(t)
				test.begin(t, w)
				w.create(t, "r")
				for time.Since(w.begin) < 10*time.Minute {
					again := w.reconcile(t, "r")
					if again <= 0 || again > maxBackoff {
						t.Fatalf("requeued after %s", again)
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

func answers(err error) func(*testing.T, *requestEnv) {
	return func(_ *testing.T, w *requestEnv) { w.ca.before = func(context.Context) error { return err } }
}

func heal(_ *testing.T, w *requestEnv) { w.ca.before, w.ca.instead = nil, nil }

func TestBackoff(t *testing.T) {
	f := &inflightRequest{}
	waits := make(map[time.Duration]bool)
	for i := range 100 {
		most := min(minBackoff<<min(i, 16), maxBackoff)
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

func TestReconcile_Pending(t *testing.T) {
	tests := []struct {
		name               string
		after, least, most time.Duration
	}{
		{"a CA that leaves it to the caller", 0, 1, minBackoff},
		{"a CA that names a time", 3 * time.Second, 3 * time.Second, 3 * time.Second},
		{"a CA in a hurry", time.Nanosecond, minBackoff, minBackoff},
		{"a CA with more time than a workload", time.Hour, maxBackoff, maxBackoff},
	}
	for _, test := range tests {
		bubble(t, test.name, func(t *testing.T) {
			w := newRequestEnv(t)
			answers(&issuer.PendingError{After: test.after, Err: errors.New("wait")})(t, w)
			w.create(t, "r")
			if again := w.reconcile(t, "r"); again < test.least || again > test.most {
				t.Errorf("requeued after %s, want %s to %s", again, test.least, test.most)
			}
			if got := metric(t, w.Metrics, "trustgen_attempts_total", string(resultPending)); got != 1 {
				t.Errorf("counted %v", got)
			}
		})
	}
}

func TestReconcile_RefusedByCA(t *testing.T) {
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
		bubble(t, test.name, func(t *testing.T) {
			w := newRequestEnv(t)
			answers(&issuer.PermanentError{Reason: test.reason, Err: errors.New(test.text)})(t, w)
			w.create(t, "r")
			if again := w.reconcile(t, "r"); again != 0 {
				t.Errorf("requeued after %s", again)
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

func TestReconcile_CachesRefusalsOfCAs(t *testing.T) {
	tests := []struct {
		name  string
		then  func(*testing.T, *requestEnv)
		calls int32
	}{
		{"of the same bytes", func(*testing.T, *requestEnv) {}, 1},
		{"for as long as an agent repeats them", func(*testing.T, *requestEnv) { pass(refusalLifetime - 1) }, 1},
		{"but not for ever", func(*testing.T, *requestEnv) { pass(refusalLifetime) }, 2},
		{"but not for an issuer that has changed", func(t *testing.T, w *requestEnv) {
			w.serve(t, &activeIssuer{key: issuerKey{name: "mesh"}, fingerprint: "2"})
		}, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newRequestEnv(t)
				answers(&issuer.PermanentError{Reason: "No", Err: errors.New("no")})(t, w)
				w.create(t, "first")
				w.reconcile(t, "first")
				test.then(t, w)
				w.create(t, "second")
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

func TestReconcile_DeadlineOfOneRequestKeepsASharedCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRequestEnv(t)
		open := make(chan struct{})
		w.ca.before = func(ctx context.Context) error {
			select {
			case <-open:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		w.create(t, "old")
		pass(istiodCSRTimeout - time.Second)
		w.create(t, "new")
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
			t.Errorf("the new one is requeued after %s", again)
		}
		w.wants(t, 1, 1)
		if chain := w.chain(t, "new"); chain[0].URIs[0].String() != catest.LeafID {
			t.Error("another certificate")
		}
	})
}

func TestReconcile_SignsIdenticalRequestsOnce(t *testing.T) {
	tests := []struct {
		name string
		then func(*testing.T, *requestEnv)
		left []string
	}{
		{"for all of them", func(*testing.T, *requestEnv) {}, []string{"first", "second", "third"}},
		{"though the first was deleted", func(t *testing.T, w *requestEnv) { w.remove(t, "first") }, []string{"second", "third"}},
		{"though all others were deleted", func(t *testing.T, w *requestEnv) { w.remove(t, "first"); w.remove(t, "third") }, []string{"second"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newRequestEnv(t)
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
					w.create(t, name)
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
