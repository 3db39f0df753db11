package fabric_test

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
)

func crossSign(t *testing.T, f *fabric.Fabric, root *x509.Certificate, o fabric.CrossSignOptions) fabric.CrossSignResult {
	t.Helper()
	return catest.Must(f.CrossSign(t.Context(), root, o))(t)
}

// otherMesh is a fabric with a trust domain of its own and a cluster.
func otherMesh(t *testing.T, c *clock, trustDomain string) *fabric.Fabric {
	t.Helper()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{Root: fabric.RootOptions{TrustDomain: trustDomain}}, "foreign")
	return f
}

func rootCert(t *testing.T, f *fabric.Fabric) *x509.Certificate {
	t.Helper()
	return catest.Must(ca.ParseCertificates(readFile(t, f, "root-cert.pem")))(t)[0]
}

func TestCrossSign_TrustsAnotherMeshForItsOwnIdentities(t *testing.T) {
	t.Parallel()
	c := newClock()
	f, other := open(t, c), otherMesh(t, c, "other.example")
	ensure(t, f, fabric.EnsureOptions{}, "east")
	refresh(t, f, fabric.RefreshCRLsOptions{})
	done := crossSign(t, f, rootCert(t, other), fabric.CrossSignOptions{TrustDomain: "other.example"})
	if done.Again || !done.WithoutCRL || !done.Cross.NotAfter.Equal(done.Certificate.NotAfter) {
		t.Errorf("got %+v", done)
	}
	before := tree(t, f.Dir())
	if again := crossSign(t, f, rootCert(t, other), fabric.CrossSignOptions{TrustDomain: "other.example"}); !again.Again || !again.Cross.Equal(done.Cross) {
		t.Errorf("again: %+v", again)
	}
	unchanged(t, f.Dir(), before)

	foreign := newPeer(t, catest.Must(other.Bundle(t.Context(), "foreign"))(t), "other.example", c.Now)
	foreign.chain = append(foreign.chain, done.Cross)
	requireRefused(t, "east of the other mesh", peerOf(t, f, c, "east"), foreign, c.Now(), errNoCRL)
	exchange(t, other, f)
	requireAccepted(t, "east of the other mesh", peerOf(t, f, c, "east"), foreign, c.Now())
	forged := newPeer(t, catest.Must(other.Bundle(t.Context(), "foreign"))(t), fabric.DefaultTrustDomain, c.Now)
	forged.chain = append(forged.chain, done.Cross)
	if err := peerOf(t, f, c, "east").refuses(forged, c.Now()); err == nil {
		t.Error("the other mesh mints our identities")
	}
	want := map[string]string{
		ca.Describe(rootCert(t, f)): "root", subject(t, f, "east"): "current",
		ca.Describe(done.Cross): "foreign", subject(t, other, "foreign"): "foreign",
	}
	if diff := cmp.Diff(want, statuses(t, f)); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestCrossSign_TrustsTheNextRootForEverything(t *testing.T) {
	t.Parallel()
	c := newClock()
	f, next := open(t, c), otherMesh(t, c, fabric.DefaultTrustDomain)
	ensure(t, f, fabric.EnsureOptions{}, "east")
	done := crossSign(t, f, rootCert(t, next), fabric.CrossSignOptions{Next: true})
	if done.WithoutCRL || len(done.Cross.PermittedURIDomains) > 0 {
		t.Errorf("got %+v", done)
	}
	foreign := peerOf(t, next, c, "foreign")
	foreign.chain = append(foreign.chain, done.Cross)
	requireAccepted(t, "east of the next root", peerOf(t, f, c, "east"), foreign, c.Now())
}

func TestCrossSign_RefusesAndChangesNothing(t *testing.T) {
	t.Parallel()
	c := newClock()
	other := otherMesh(t, c, "other.example")
	shared := otherMesh(t, c, fabric.DefaultTrustDomain)
	next := fabric.CrossSignOptions{Next: true}
	of := func(f *fabric.Fabric) func(*testing.T, *fabric.Fabric) *x509.Certificate {
		return func(t *testing.T, _ *fabric.Fabric) *x509.Certificate { t.Helper(); return rootCert(t, f) }
	}
	lifetime := isA[*ca.LifetimeError]()
	tests := map[string]struct {
		root    func(*testing.T, *fabric.Fabric) *x509.Certificate
		options fabric.CrossSignOptions
		is      error
		as      func(error) bool
		want    string
	}{
		"no root":            {func(*testing.T, *fabric.Fabric) *x509.Certificate { return nil }, next, nil, nil, "the root is missing"},
		"neither of the two": {of(other), fabric.CrossSignOptions{}, nil, nil, "or the next root of this one"},
		"both":               {of(other), fabric.CrossSignOptions{Next: true, TrustDomain: "other.example"}, nil, nil, "or the next root of this one"},
		"its own root":       {func(t *testing.T, f *fabric.Fabric) *x509.Certificate { t.Helper(); return rootCert(t, f) }, next, ca.RuleNoDuplicate, nil, "the key of the authority"},
		"a shared domain":    {of(shared), fabric.CrossSignOptions{TrustDomain: fabric.DefaultTrustDomain}, ca.RuleCrossTrustDomain, nil, "could mint"},
		"no trust domain":    {of(other), fabric.CrossSignOptions{TrustDomain: "spiffe://x"}, nil, nil, "is not a host"},
		"a longer life":      {of(other), fabric.CrossSignOptions{Next: true, NotAfter: c.Now().Add(4000 * day)}, nil, lifetime, "would end"},
		"an intermediate":    {intermediateOf, next, ca.RuleRooted, nil, "is missing"},
		"an intermediate of its own": {func(t *testing.T, f *fabric.Fabric) *x509.Certificate {
			t.Helper()
			return catest.Must(f.Bundle(t.Context(), "east"))(t).Certificate()
		}, next, ca.RuleRooted, nil, "is missing"},
		"the key of a cluster": {func(t *testing.T, f *fabric.Fabric) *x509.Certificate {
			t.Helper()
			key := catest.Must(f.Bundle(t.Context(), "east"))(t).Key()
			return catest.Must(ca.NewRoot(ca.RootOptions{Key: key, Organization: "other", Now: c.Now}))(t).Certificate()
		}, next, ca.RuleNoDuplicate, nil, "has the key of east"},
		"the name of a CA of the mesh": {func(t *testing.T, f *fabric.Fabric) *x509.Certificate {
			t.Helper()
			root := rootCert(t, f)
			return catest.Mutate(t, root, root, catest.Key("twin"), catest.Mutation{Cert: func(c *x509.Certificate) {
				c.PublicKey, c.SubjectKeyId = catest.Key("twin").Public(), []byte{1}
			}})
		}, next, ca.RuleDistinctNames, nil, "with another key"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, c)
			ensure(t, f, fabric.EnsureOptions{}, "east")
			root := test.root(t, f)
			before := tree(t, f.Dir())
			for _, dryRun := range []bool{true, false} {
				test.options.DryRun = dryRun
				_, err := f.CrossSign(t.Context(), root, test.options)
				if err == nil || !strings.Contains(err.Error(), test.want) || test.is != nil && !errors.Is(err, test.is) || test.as != nil && !test.as(err) {
					t.Errorf("got the error %v, want one with %q", err, test.want)
				}
			}
			unchanged(t, f.Dir(), before)
		})
	}
}

func intermediateOf(t *testing.T, _ *fabric.Fabric) *x509.Certificate {
	t.Helper()
	return catest.New(t).Intermediate.Certificate()
}

func TestCrossSign_RefusesAnIssuingCABelowACorporateRoot(t *testing.T) {
	t.Parallel()
	clk := newClock()
	f, c := open(t, clk), newCorporate(t)
	catest.Must(f.Import(t.Context(), c.options()))(t)
	if _, err := f.CrossSign(t.Context(), rootCert(t, otherMesh(t, clk, "other.example")), fabric.CrossSignOptions{Next: true}); !errors.Is(err, ca.RuleRooted) {
		t.Errorf("got the error %v, want %q", err, ca.RuleRooted)
	}
}
