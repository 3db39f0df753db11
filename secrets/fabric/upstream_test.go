package fabric_test

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/local"
	"github.com/trustgen/trustgen/secrets/fabric"
)

// upstream is a CA elsewhere, which counts what it is asked.
type upstream struct {
	issuer.Issuer
	issuer.IntermediateIssuer
	asked   atomic.Int32
	checked atomic.Int32
	fault   func(issuer.IntermediateRequest) error
}

func (u *upstream) IssueIntermediate(ctx context.Context, r issuer.IntermediateRequest) (*issuer.Chain, error) {
	u.asked.Add(1)
	if err := u.fault(r); err != nil {
		return nil, err
	}
	return u.IntermediateIssuer.IssueIntermediate(ctx, r)
}

func (u *upstream) Check(context.Context) error {
	u.checked.Add(1)
	return u.fault(issuer.IntermediateRequest{})
}

func newUpstream(t *testing.T, root *ca.Authority) (*upstream, *fabric.Upstream) {
	t.Helper()
	signer := catest.Must(local.New(root, local.Options{Now: catest.Now}))(t)
	u := &upstream{Issuer: signer, IntermediateIssuer: signer, fault: func(issuer.IntermediateRequest) error { return nil }}
	return u, &fabric.Upstream{
		Issuer: issuer.Limit(u, issuer.LimitOptions{}),
		Obtain: issuer.ObtainOptions{Backend: "corporate", Roots: root.Chain(), Now: catest.Now},
	}
}

func TestAnUpstreamIssuesAndItsRootIsTrusted(t *testing.T) {
	t.Parallel()
	f, h := open(t, newClock()), catest.New(t)
	u, o := newUpstream(t, h.Root)
	got := ensure(t, f, fabric.EnsureOptions{Upstream: o}, "east", "west")
	if got.RootCreated || !got.RootAdopted {
		t.Errorf("the root was created %t and adopted %t, want it adopted", got.RootCreated, got.RootAdopted)
	}
	for _, cluster := range []string{"east", "west"} {
		bundle := catest.Must(f.Bundle(t.Context(), cluster))(t)
		if !strings.HasPrefix(bundle.Certificate().Subject.CommonName, cluster+" ") || !bundle.Chain()[1].Equal(h.Root.Certificate()) {
			t.Errorf("%s has the chain %v", cluster, bundle)
		}
	}
	for name := range tree(t, f.Dir()) {
		if name == "root-key.pem" {
			t.Error("there is a key of the root")
		}
	}
	again := ensure(t, f, fabric.EnsureOptions{Upstream: o}, "east", "west")
	if again.RootAdopted || again.Clusters[0].Action != fabric.Kept || u.asked.Load() != 2 {
		t.Errorf("the second time: %+v, and the CA was asked %d times, want 2", again, u.asked.Load())
	}
}

func TestTheKeyForAnUpstreamIsMadeHereAndItsRequestProvesIt(t *testing.T) {
	t.Parallel()
	f, h := open(t, newClock()), catest.New(t)
	u, o := newUpstream(t, h.Root)
	var csr *x509.CertificateRequest
	u.fault = func(r issuer.IntermediateRequest) (err error) {
		if csr, err = x509.ParseCertificateRequest(r.CSR); err == nil {
			err = csr.CheckSignature()
		}
		if r.CommonName != "east" || r.Lifetime != 90*day || !ca.SamePublicKey(r.PublicKey, csr.PublicKey) {
			t.Errorf("asked was for %s and %s", r.CommonName, r.Lifetime)
		}
		return err
	}
	ensure(t, f, fabric.EnsureOptions{Upstream: o, KeyType: ca.P384, NotAfter: catest.Now().Add(90 * day)}, "east")
	bundle := catest.Must(f.Bundle(t.Context(), "east"))(t)
	if got := catest.Must(ca.KeyTypeOf(csr.PublicKey))(t); got != ca.P384 || !ca.MatchKey(bundle.Key(), bundle.Certificate()) {
		t.Errorf("the key is of type %s, want P-384", got)
	}
}

func TestARootInTheDirectoryStaysTheOne(t *testing.T) {
	t.Parallel()
	f, h := open(t, newClock()), catest.New(t)
	ensure(t, f, fabric.EnsureOptions{}, "east")
	_, o := newUpstream(t, h.Root)
	before := tree(t, f.Dir())
	_, err := f.Ensure(t.Context(), []string{"west"}, fabric.EnsureOptions{Upstream: o})
	if err == nil || !strings.Contains(err.Error(), "corporate leads to other roots than") {
		t.Errorf("got the error %v, want one about other roots", err)
	}
	if diff := cmp.Diff(before, tree(t, f.Dir())); diff != "" {
		t.Errorf("the directory has changed:\n%s", diff)
	}
}

func TestAnUpstreamThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	other := catest.Must(ca.NewRoot(ca.RootOptions{Key: catest.Key("other"), Organization: "other", Now: catest.Now}))(t)
	down := errors.New("down")
	tests := map[string]struct {
		change func(*upstream, *fabric.Upstream)
		want   string
		is     error
	}{
		"it is down": {func(u *upstream, _ *fabric.Upstream) {
			u.fault = func(issuer.IntermediateRequest) error { return down }
		}, ": corporate: down", down},
		"it fails for the second cluster": {func(u *upstream, _ *fabric.Upstream) {
			u.fault = func(r issuer.IntermediateRequest) error {
				if r.CommonName == "west" {
					return down
				}
				return nil
			}
		}, "cluster west: corporate: down", down},
		"it has two roots and the directory none": {func(_ *upstream, o *fabric.Upstream) {
			o.Obtain.Roots = append(o.Obtain.Roots, other.Certificate())
		}, "corporate has 2 trust anchors, expected one", nil},
		"its answer leads to another root": {func(_ *upstream, o *fabric.Upstream) {
			o.Obtain.Roots = other.Chain()
		}, "corporate returned a wrong certificate", ca.RuleTrustedRoot},
		"it issues leaves only": {func(u *upstream, o *fabric.Upstream) {
			o.Issuer = struct{ issuer.Issuer }{u.Issuer}
		}, "corporate: ", fabric.ErrNoIntermediates},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, newClock())
			u, o := newUpstream(t, h.Root)
			test.change(u, o)
			_, err := f.Ensure(t.Context(), []string{"east", "west"}, fabric.EnsureOptions{Upstream: o})
			if err == nil || !strings.Contains(err.Error(), test.want) || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("got the error %v, want one with %q", err, test.want)
			}
			if _, err := f.Status(t.Context()); !errors.Is(err, fabric.ErrNoRoot) {
				t.Errorf("after the failure the status has the error %v, want ErrNoRoot", err)
			}
		})
	}
}

func TestADryRunAsksAnUpstreamOnlyHowItIs(t *testing.T) {
	t.Parallel()
	f, h := open(t, newClock()), catest.New(t)
	u, o := newUpstream(t, h.Root)
	got := ensure(t, f, fabric.EnsureOptions{Upstream: o, DryRun: true}, "east")
	if got.Clusters[0].Action != fabric.Created || u.asked.Load() != 0 || u.checked.Load() != 1 {
		t.Errorf("got %+v; the CA issued %d times and was checked %d times", got, u.asked.Load(), u.checked.Load())
	}
	u.fault = func(issuer.IntermediateRequest) error { return errors.New("down") }
	if _, err := f.Ensure(t.Context(), []string{"east"}, fabric.EnsureOptions{Upstream: o, DryRun: true}); err == nil {
		t.Error("a CA that is down passes the dry run")
	}
}

func TestAnIntermediateFromAnUpstreamIsRenewedWhenItIsDue(t *testing.T) {
	t.Parallel()
	c := newClock()
	f, h := open(t, c), catest.New(t)
	_, o := newUpstream(t, h.Root)
	ensure(t, f, fabric.EnsureOptions{Upstream: o}, "east")
	c.advance(2*year/3 + time.Hour)
	o.Obtain.Now = c.Now
	o.Issuer = catest.Must(local.New(catest.Must(ca.Load(h.RootKey, h.Root.Chain(), c.Now))(t), local.Options{Now: c.Now}))(t)
	if got := ensure(t, f, fabric.EnsureOptions{Upstream: o}, "east"); got.Clusters[0].Action != fabric.Renewed {
		t.Errorf("the action is %s, want renewed", got.Clusters[0].Action)
	}
	if _, err := f.Ensure(t.Context(), []string{"east"}, fabric.EnsureOptions{Renew: true}); !errors.Is(err, fabric.ErrKeyMissing) {
		t.Errorf("without the upstream: got the error %v, want ErrRootKeyMissing", err)
	}
}
