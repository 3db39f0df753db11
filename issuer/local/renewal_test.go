package local_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/local"
)

// due is when newLife renews a CA with the default lifetime.
const due = 16 * time.Hour

func TestCheck_RenewsAtTwoThirdsOfTheLifetime(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	first := l.healthy(t)
	l.at(due - time.Second)
	if got := l.healthy(t); !got.Equal(first) || len(l.up.requests()) != 1 {
		t.Error("it is renewed before its time")
	}
	early := l.obtain(t)
	l.at(due)
	second := l.healthy(t)
	if second.Equal(first) || ca.SamePublicKey(first.PublicKey, second.PublicKey) {
		t.Error("it is not renewed with a new key")
	}
	if first.Subject.String() == second.Subject.String() {
		t.Errorf("both are called %s", first.Subject)
	}
	if got := l.obtain(t).Certificates[1]; !got.Equal(second) {
		t.Errorf("a leaf is signed by %s, want the new CA", got.Subject)
	}
	if violations := ca.VerifyLeaf(early.Certificates, ca.VerifyOptions{Roots: l.root.Chain(), Now: l.now}); len(violations) > 0 {
		t.Errorf("a leaf of the old CA: %v", violations)
	}
	if diff := cmp.Diff([]*x509.Certificate{second, l.root.Certificate()}, l.Chain(), catest.Identical()); diff != "" {
		t.Errorf("chain (-want +got):\n%s", diff)
	}
}

func TestCheck_JitterMovesTheRenewal(t *testing.T) {
	t.Parallel()
	for jitter, want := range map[float64]time.Duration{0: due - 72*time.Minute, 0.75: due + 36*time.Minute} {
		l := newLife(t, func(o *local.EphemeralOptions) { o.Jitter = func() float64 { return jitter } })
		first := l.healthy(t)
		l.at(want - 2*time.Second)
		if !l.healthy(t).Equal(first) {
			t.Errorf("jitter %v: it is renewed before %s", jitter, want)
		}
		l.at(want + 2*time.Second)
		if l.healthy(t).Equal(first) {
			t.Errorf("jitter %v: it is not renewed after %s", jitter, want)
		}
	}
}

func TestCheck_RenewalsAreSpreadByDefault(t *testing.T) {
	t.Parallel()
	renewed := 0
	const all = 40
	for range all {
		l := newLife(t, func(o *local.EphemeralOptions) { o.Jitter = nil })
		first := l.healthy(t)
		l.at(due - 73*time.Minute)
		if !l.healthy(t).Equal(first) {
			t.Error("one is renewed too soon")
		}
		l.at(due)
		if !l.healthy(t).Equal(first) {
			renewed++
		}
		l.at(due + 73*time.Minute)
		if l.healthy(t).Equal(first) {
			t.Error("one is renewed too late")
		}
	}
	if renewed == 0 || renewed == all { // once in 2^39 runs
		t.Errorf("%d of %d are renewed at the same time", renewed, all)
	}
}

func TestCheck_FailedRenewalKeepsTheCurrentCA(t *testing.T) {
	t.Parallel()
	down := errors.New("connection refused")
	l := newLife(t)
	first := l.healthy(t)
	l.up.fails(down)
	l.at(due)
	if !l.healthy(t).Equal(first) || !errors.Is(l.Trouble(), down) {
		t.Errorf("the renewal gives %v, want the old CA and that the upstream is down", l.Trouble())
	}
	l.obtain(t)
	l.at(due + 15*time.Minute) // a thirtieth of 8 hours is 16 minutes
	l.healthy(t)
	if n := len(l.up.requests()); n != 2 {
		t.Errorf("the upstream was called %d times, want 2", n)
	}
	l.up.responds(nil)
	l.at(due + 16*time.Minute)
	if l.healthy(t).Equal(first) || l.Trouble() != nil {
		t.Errorf("it is not renewed: %v", l.Trouble())
	}
	if requested := l.up.requests(); len(requested) != 3 || !ca.SamePublicKey(requested[1].PublicKey, requested[2].PublicKey) {
		t.Error("the uncertified key is not used again")
	}
}

func TestCheck_FailsNearTheEndWithoutARenewal(t *testing.T) {
	t.Parallel()
	down := errors.New("connection refused")
	l := newLife(t)
	l.healthy(t)
	l.up.fails(down)
	l.at(24*time.Hour - local.MinimumLeft + time.Second)
	for range 2 { // there is no delay before the next attempt
		if err := l.Check(t.Context()); !errors.Is(err, down) {
			t.Errorf("got the error %v, want that the upstream is down", err)
		}
	}
	if n := len(l.up.requests()); n != 3 {
		t.Errorf("the upstream was called %d times, want 3", n)
	}
	l.obtain(t)
	l.at(24 * time.Hour)
	wantTransient(t, l, "ends at")
	l.up.responds(nil)
	l.healthy(t)
	l.obtain(t)
}

func TestCheck_InvalidResponseKeepsTheCurrentCA(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(first, c *x509.Certificate)
		rule   ca.Rule
	}{
		"another key":            {func(_, c *x509.Certificate) { c.PublicKey = catest.Key("thief").Public() }, issuer.RuleGrantedKey},
		"no cRLSign":             {func(_, c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign }, ca.RuleCRLSign},
		"ten years":              {func(_, c *x509.Certificate) { c.NotAfter = c.NotAfter.AddDate(9, 0, 0) }, issuer.RuleGrantedEnd},
		"the name of the old CA": {func(first, c *x509.Certificate) { c.RawSubject, c.Subject = first.RawSubject, first.Subject }, ca.RuleDistinctNames},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLife(t)
			first := l.healthy(t)
			l.up.responds(l.resigned(t, func(c *x509.Certificate) { test.change(first, c) }))
			l.at(due)
			kept := l.healthy(t).Equal(first)
			response, ok := errors.AsType[*issuer.ResponseError](l.Trouble())
			if !kept || !ok || response.Backend != "upstream" || !errors.Is(l.Trouble(), test.rule) {
				t.Errorf("got the error %v, want the old CA and a ResponseError with %q", l.Trouble(), test.rule)
			}
			l.obtain(t)
			l.up.responds(nil)
			l.at(due + time.Hour)
			if l.healthy(t).Equal(first) {
				t.Errorf("it is not renewed afterwards: %v", l.Trouble())
			}
			if requested := l.up.requests(); ca.SamePublicKey(requested[1].PublicKey, requested[2].PublicKey) {
				t.Error("a key with an invalid certificate is used again")
			}
		})
	}
}

func TestCheck_ExceptAllowsASharedSubject(t *testing.T) {
	t.Parallel()
	l := newLife(t, func(o *local.EphemeralOptions) { o.Obtain.Except = []ca.Rule{ca.RuleDistinctNames} })
	first := l.healthy(t)
	l.up.responds(l.resigned(t, func(c *x509.Certificate) { c.RawSubject, c.Subject = first.RawSubject, first.Subject }))
	l.at(due)
	if l.healthy(t).Equal(first) {
		t.Errorf("it is not renewed: %v", l.Trouble())
	}
}

func TestCheck_RejectsACAThatEndsNoLater(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	first := l.healthy(t)
	l.up.responds(l.resigned(t, func(c *x509.Certificate) { c.NotAfter = first.NotAfter }))
	l.at(due)
	if !l.healthy(t).Equal(first) || l.Trouble() == nil || !strings.Contains(l.Trouble().Error(), "no later than the current one") {
		t.Errorf("got the error %v", l.Trouble())
	}
}

func TestCheck_PendingRequestKeepsItsKey(t *testing.T) {
	t.Parallel()
	for after, pause := range map[time.Duration]time.Duration{time.Minute: time.Minute, time.Hour: issuer.MaxBackdate / 2} {
		l := newLife(t)
		l.up.fails(&issuer.PendingError{After: after, Err: errors.New("waiting for approval")})
		for range 2 {
			if err := l.Check(t.Context()); !errors.As(err, new(*issuer.PendingError)) {
				t.Errorf("got the error %v, want a PendingError", err)
			}
		}
		wantTransient(t, l, "waiting for approval")
		if n := len(l.up.requests()); n != 1 {
			t.Errorf("the upstream was called %d times before %s, want once", n, pause)
		}
		l.up.responds(nil)
		l.at(pause)
		l.healthy(t)
		requested := l.up.requests()
		if len(requested) != 2 || !bytes.Equal(requested[0].CSR, requested[1].CSR) {
			t.Errorf("the second request has another CSR")
		}
	}
}

func TestCheck_RetriesACancelledRenewal(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	first := l.healthy(t)
	l.at(due)
	ctx, cancel := context.WithCancel(t.Context())
	l.up.responds(func(ctx context.Context, _ issuer.IntermediateRequest) (*issuer.Chain, error) {
		cancel()
		return nil, ctx.Err()
	})
	if err := l.Check(ctx); err != nil || !errors.Is(l.Trouble(), context.Canceled) {
		t.Errorf("got the errors %v and %v, want health and a cancelled renewal", err, l.Trouble())
	}
	l.up.responds(nil)
	if l.healthy(t).Equal(first) {
		t.Error("it is not renewed")
	}
}

// resigned returns the response of the root, changed and signed again.
func (l *life) resigned(t *testing.T, change func(*x509.Certificate)) func(context.Context, issuer.IntermediateRequest) (*issuer.Chain, error) {
	return func(ctx context.Context, r issuer.IntermediateRequest) (*issuer.Chain, error) {
		chain, err := l.up.root.IssueIntermediate(ctx, r)
		if err != nil {
			return nil, err
		}
		chain.Certificates[0] = catest.Mutate(t, chain.Certificates[0], l.root.Certificate(), catest.Key("root"), catest.Mutation{Cert: change})
		return chain, nil
	}
}
