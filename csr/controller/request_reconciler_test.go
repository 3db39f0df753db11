package controller

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	certificatesv1 "k8s.io/api/certificates/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

func TestReconcile_LeavesRequestsAlone(t *testing.T) {
	deleted := func(c *certificatesv1.CertificateSigningRequest) {
		c.Finalizers = []string{"example.com/held"}
	}
	tests := []struct {
		name   string
		change func(*certificatesv1.CertificateSigningRequest)
		again  time.Duration
	}{
		{"one that is being deleted", deleted, 0},
		{"one that is denied", condition(certificatesv1.CertificateDenied), 0},
		{"one that has failed", condition(certificatesv1.CertificateApproved, certificatesv1.CertificateFailed), 0},
		{"one that has a certificate", func(c *certificatesv1.CertificateSigningRequest) { c.Status.Certificate = []byte("x") }, 0},
		{"one that is undecided", condition(), recheckInterval},
		{"one that is undecided, for an issuer that does not exist", func(c *certificatesv1.CertificateSigningRequest) {
			condition()(c)
			signedBy(v1alpha1.ClusterSignerDomain + "/other")(c)
		}, maxBackoff},
		{"one of another signer", signedBy("example.com/mesh"), 0},
		{"one of a TrustIssuer, as long as they are off", signedBy(shopSigner), 0},
	}
	for _, test := range tests {
		bubble(t, test.name+" is left alone", func(t *testing.T) {
			w := newRequestEnv(t)
			w.create(t, "r", test.change)
			if c := w.stored(t, "r"); len(c.Finalizers) > 0 {
				if err := w.api.Delete(t.Context(), c); err != nil {
					t.Fatal(err)
				}
			}
			reads := w.api.count("get")
			if again := w.reconcile(t, "r"); again != test.again {
				t.Errorf("requeued after %s, want %s", again, test.again)
			}
			w.wants(t, 0, 0)
			w.wantsNothingOpen(t)
			if n := w.api.count("get") - reads; n != 1 || w.api.count("create") != 0 {
				t.Errorf("read %d times, want once, and %d reviews, want none", n, w.api.count("create"))
			}
			if said := w.events.all(); len(said) != 0 {
				t.Errorf("events: %q", said)
			}
		})
	}
	bubble(t, "one that does not exist any more is left alone", func(t *testing.T) {
		w := newRequestEnv(t)
		w.reconcile(t, "r")
		w.wants(t, 0, 0)
	})
}

func TestReconcile_WritesACertificateOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRequestEnv(t)
		w.create(t, "r")
		before := w.stored(t, "r")
		if again := w.reconcile(t, "r"); again != 0 {
			t.Errorf("requeued after %s", again)
		}
		w.wants(t, 1, 1)
		chain := w.chain(t, "r")
		if len(chain) != 3 || !chain[2].Equal(w.h.Root.Certificate()) || chain[0].URIs[0].String() != catest.LeafID {
			t.Errorf("the chain is %v", chain)
		}
		contains(t, "the log", w.log.String(), "msg=signed", "signer="+meshSigner, "rule=own", "system:serviceaccount:shop:cart", chain[0].SerialNumber.Text(16))

		w.reconcile(t, "r")
		w.wants(t, 1, 1)
		w.api.cached = before // a cache that is behind
		if again := w.reconcile(t, "r"); again != 0 {
			t.Errorf("requeued after %s", again)
		}
		w.wants(t, 1, 1)
		w.api.cached = nil
		w.restart(t)
		w.reconcile(t, "r")
		w.wants(t, 1, 1)
		w.api.cached = before // a new process whose cache is behind
		w.reconcile(t, "r")
		w.wants(t, 2, 2)
		if !cmp.Equal(w.chain(t, "r"), chain, catest.Identical()) {
			t.Error("another certificate took the place of the first")
		}
	})
}

func TestSigningRequest_DoesNotChangeItsObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRequestEnv(t)
		w.create(t, "r", condition())
		q := catest.Must(signingRequests{w.api, w.now}.read(t.Context(), types.NamespacedName{Name: "r"}))(t)
		before := q.object().DeepCopyObject()
		for _, write := range []func() error{
			func() error { return q.approve(t.Context(), conditionReason{"Reason", "message"}) },
			func() error { return q.deny(t.Context(), conditionReason{"Reason", "message"}) },
			func() error { return q.fail(t.Context(), conditionReason{"Reason", "message"}) },
			func() error { return q.issue(t.Context(), w.h.LeafChain()) },
		} {
			_ = write() // most meet a conflict
			if diff := cmp.Diff(before, q.object()); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func TestRequestOf(t *testing.T) {
	c := full(meshSigner)
	c.Spec.UID, c.Spec.Groups, c.Spec.Usages = "uid", []string{"group"}, []certificatesv1.KeyUsage{"server auth"}
	c.Spec.Extra = map[string]certificatesv1.ExtraValue{"key": {"value"}}
	c.Spec.ExpirationSeconds = new(int32(600))
	want := csr.Request{
		Kind:      csr.KindCertificateSigningRequest,
		Requester: csr.Requester{Username: "user", UID: "uid", Groups: []string{"group"}, Extra: map[string][]string{"key": {"value"}}},
		CSR:       []byte("csr"),
		Usages:    []string{"server auth"},
		Lifetime:  10 * time.Minute,
	}
	if diff := cmp.Diff(want, signingRequest{CertificateSigningRequest: c}.csrRequest()); diff != "" {
		t.Error(diff)
	}
}

func TestForm(t *testing.T) {
	tests := []struct {
		form v1alpha1.ChainForm
		want int
	}{
		{"", 3}, {v1alpha1.ChainWithRoot, 3}, {v1alpha1.ChainWithoutRoot, 2},
	}
	for _, test := range tests {
		bubble(t, "a chain of the form "+string(test.form), func(t *testing.T) {
			w := newRequestEnv(t)
			w.serve(t, &activeIssuer{key: issuerKey{name: "mesh"}, chain: test.form})
			w.create(t, "r")
			w.reconcile(t, "r")
			if chain := w.chain(t, "r"); len(chain) != test.want || !chain[1].Equal(w.h.Intermediate.Certificate()) {
				t.Errorf("%d certificates, want %d", len(chain), test.want)
			}
		})
	}
	t.Run("a chain of the root alone keeps it", func(t *testing.T) {
		alone := []*x509.Certificate{catest.New(t).Leaf}
		if got := (&activeIssuer{chain: v1alpha1.ChainWithoutRoot}).form(alone); len(got) != 1 {
			t.Errorf("%d certificates", len(got))
		}
	})
}

func TestReconcile_TwoIssuers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRequestEnv(t)
		second := &fakeCA{Issuer: w.ca.Issuer}
		s := &activeIssuer{key: issuerKey{name: "second"}, policy: catest.Must(csr.NewPolicy(v1alpha1.Policy{}))(t)}
		w.serve(t, s)
		s.backend.Issuer = second
		w.create(t, "first")
		w.create(t, "second", signedBy(v1alpha1.ClusterSignerDomain+"/second"))
		w.reconcile(t, "first")
		w.reconcile(t, "second")
		if w.ca.calls.Load() != 1 || second.calls.Load() != 0 || w.failure(t, "first") != nil {
			t.Error("the first issuer did not sign its request alone")
		}
		if f := w.failure(t, "second"); f == nil || f.Reason != ReasonNotAllowed {
			t.Errorf("the policy of the second issuer was not applied: %v", f)
		}
	})
}

func TestReconcile_ConflictNeedsNoSecondCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRequestEnv(t)
		w.create(t, "r")
		w.api.cached = w.stored(t, "r")
		touched := w.stored(t, "r")
		touched.Labels = map[string]string{"touched": "yes"}
		if err := w.api.Update(t.Context(), touched); err != nil {
			t.Fatal(err)
		}
		if again := w.reconcile(t, "r"); again <= 0 || again > minBackoff {
			t.Errorf("requeued after %s", again)
		}
		w.wants(t, 1, 1)
		w.api.cached = nil
		if again := w.reconcile(t, "r"); again != 0 {
			t.Errorf("requeued after %s", again)
		}
		w.wants(t, 1, 2)
		w.chain(t, "r")
		w.wantsNothingOpen(t)
		if said := w.events.all(); len(said) != 0 {
			t.Errorf("events: %q", said)
		}
	})
}

func TestReconcile_UnwrittenCertificate(t *testing.T) {
	outage := apierrors.NewServiceUnavailable("the API server is away")
	tests := []struct {
		name  string
		then  func(*testing.T, *requestEnv)
		calls int32
	}{
		{"is written later", func(*testing.T, *requestEnv) {}, 1},
		{"is not kept for long", func(*testing.T, *requestEnv) { pass(unwrittenLifetime) }, 2},
		{"is not written for an issuer that has changed", func(t *testing.T, w *requestEnv) {
			w.serve(t, &activeIssuer{key: issuerKey{name: "mesh"}, fingerprint: "2"})
		}, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newRequestEnv(t)
				w.create(t, "r")
				heal := w.api.failing("status", outage)
				if again := w.reconcile(t, "r"); again <= 0 || again > maxBackoff {
					t.Errorf("requeued after %s", again)
				}
				w.reconcile(t, "r")
				heal()
				test.then(t, w)
				w.reconcile(t, "r")
				w.wants(t, test.calls, 3)
				w.chain(t, "r")
				if said := w.events.all(); len(said) != 1 {
					t.Errorf("events: %q", said)
				}
			})
		})
	}
	bubble(t, "is not written for a policy that refuses it now", func(t *testing.T) {
		w := newRequestEnv(t)
		w.create(t, "r")
		heal := w.api.failing("status", outage)
		w.reconcile(t, "r")
		heal()
		w.serve(t, &activeIssuer{key: issuerKey{name: "mesh"}, fingerprint: "2", policy: catest.Must(csr.NewPolicy(v1alpha1.Policy{}))(t)})
		w.reconcile(t, "r")
		w.wants(t, 1, 2)
		if f := w.failure(t, "r"); f == nil {
			t.Error("not refused")
		}
	})
}

func TestReconcile_RequestIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRequestEnv(t)
		w.create(t, "r")
		w.api.failing("status", apierrors.NewNotFound(schema.GroupResource{Resource: "certificatesigningrequests"}, "r"))
		if again := w.reconcile(t, "r"); again != 0 {
			t.Errorf("requeued after %s", again)
		}
		w.reconcile(t, "r")
		w.wants(t, 1, 1)
		w.wantsNothingOpen(t)
	})
}

func TestReconcile_DeletionCancelsTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRequestEnv(t)
		ended := make(chan error, 1)
		w.ca.before = func(ctx context.Context) error {
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		}
		w.create(t, "r")
		done := make(chan time.Duration, 1)
		go func() { done <- w.reconcile(t, "r") }()
		synctest.Wait()
		w.remove(t, "r")
		synctest.Wait()
		select {
		case <-ended:
		default:
			t.Error("the call is not cancelled")
		}
		if again := <-done; again != 0 || time.Since(w.begin) != 0 {
			t.Errorf("requeued after %s, at %s", again, time.Since(w.begin))
		}
		w.wants(t, 1, 0)
		w.wantsNothingOpen(t)
		if said := w.events.all(); len(said) != 0 {
			t.Errorf("events: %q", said)
		}
	})
}

func TestReconcile_StaleCacheReturnsADeletedRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRequestEnv(t)
		w.create(t, "r")
		w.api.cached = w.stored(t, "r")
		w.remove(t, "r")
		if again := w.reconcile(t, "r"); again != 0 {
			t.Errorf("requeued after %s", again)
		}
		w.wants(t, 0, 0)
		w.wantsNothingOpen(t)
	})
}

func TestReconcile_FinishesWhenTheManagerStops(t *testing.T) {
	tests := []struct {
		name   string
		answer error
	}{
		{"that is signed", nil},
		{"that is refused", &issuer.PermanentError{Reason: "No", Err: errors.New("no")}},
	}
	for _, test := range tests {
		bubble(t, test.name, func(t *testing.T) {
			w := newRequestEnv(t)
			ctx, stop := context.WithCancel(w.context(t))
			w.ca.before = func(ctx context.Context) error {
				stop()
				return errors.Join(ctx.Err(), test.answer)
			}
			w.create(t, "r")
			if again := w.reconcileIn(ctx, t, "r"); again != 0 {
				t.Errorf("requeued after %s", again)
			}
			if c := w.stored(t, "r"); len(c.Status.Certificate) == 0 && w.failure(t, "r") == nil {
				t.Error("nothing was written")
			}
		})
	}
}

func TestReconcile_BoundsAnAttempt(t *testing.T) {
	tests := []struct {
		name      string
		age, want time.Duration
	}{
		{"by itself", 0, attemptTimeout},
		{"by the timeout of istiod", 40 * time.Second, 15 * time.Second},
		{"by itself, after the timeout of istiod", 2 * time.Minute, attemptTimeout},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newRequestEnv(t)
				w.ca.before = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
				w.create(t, "r")
				pass(test.age)
				begin := time.Now()
				again := w.reconcile(t, "r")
				if took := time.Since(begin); took != test.want {
					t.Errorf("took %s, want %s", took, test.want)
				}
				if again <= 0 || again > maxBackoff || w.failure(t, "r") != nil {
					t.Errorf("requeued after %s", again)
				}
			})
		})
	}
}

func TestReconcile_RefusedByPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRequestEnv(t)
		w.create(t, "r", func(c *certificatesv1.CertificateSigningRequest) {
			c.Spec.Request = csrFor(t, "spiffe://other.example.com/ns/bank/sa/ledger")
		})
		if again := w.reconcile(t, "r"); again != 0 {
			t.Errorf("requeued after %s", again)
		}
		w.wants(t, 0, 1)
		w.wantsNothingOpen(t)
		f := w.failure(t, "r")
		if f == nil || f.Reason != ReasonNotAllowed {
			t.Fatalf("the condition is %v", f)
		}
		contains(t, "the condition", f.Message, "other.example.com")
		said := w.events.all()
		if len(said) != 1 || !strings.HasPrefix(said[0], "Warning "+ReasonNotAllowed+" Sign ") {
			t.Errorf("events: %q", said)
		}
		decision := w.registry.load(issuerKey{name: "mesh"}).policy.Evaluate(signingRequest{CertificateSigningRequest: w.stored(t, "r")}.csrRequest())
		if len(decision.Reasons) < 2 {
			t.Fatalf("%d reasons", len(decision.Reasons))
		}
		for _, reason := range decision.Reasons {
			contains(t, "the log", strings.NewReplacer(`\\\"`, `"`, `\"`, `"`).Replace(w.log.String()), reason.Detail[:20])
		}
		if got := metric(t, w.Metrics, "trustgen_refusals_total"); got != 1 {
			t.Errorf("counted %v", got)
		}
	})
}

func TestReconcile_RefusalSurvivesAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRequestEnv(t)
		w.create(t, "r", func(c *certificatesv1.CertificateSigningRequest) { c.Spec.Username = "mallory" })
		heal := w.api.failing("status", errors.New("away"))
		if again := w.reconcile(t, "r"); again <= 0 {
			t.Error("not tried again")
		}
		heal()
		w.reconcile(t, "r")
		if w.failure(t, "r") == nil {
			t.Error("not refused")
		}
		if said := w.events.all(); len(said) != 2 || !strings.Contains(said[0], ReasonNotSignedYet) || !strings.Contains(said[1], ReasonNotAllowed) {
			t.Errorf("events: %q", said)
		}
	})
}
