package fabric_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
)

func retire(t *testing.T, f *fabric.Fabric, cluster string, o fabric.RetireOptions) fabric.RetiredCluster {
	t.Helper()
	return catest.Must(f.RetireCluster(t.Context(), cluster, o))(t)
}

func TestAClusterThatLeavesIsTrustedUntilItIsRevoked(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	refresh(t, f, fabric.RefreshOptions{})
	east, name := peerOf(t, f, c, "east"), subject(t, f, "east")
	got := retire(t, f, "east", fabric.RetireOptions{})
	if diff := cmp.Diff([]string{name}, subjects(got.Left)); diff != "" || len(got.Revoked) > 0 || !slices.Equal(got.Others, []string{"west"}) {
		t.Errorf("retired is %+v\n%s", got, diff)
	}
	if status := catest.Must(f.Status(t.Context()))(t); len(status.Clusters) != 1 {
		t.Errorf("the clusters are %+v", status.Clusters)
	}
	if standings(t, f)[name] != fabric.Retired || !slices.Contains(crlNames(t, f, "west"), name) {
		t.Errorf("%s is %s, and the CRLs are %v", name, standings(t, f)[name], crlNames(t, f, "west"))
	}
	wantRefused(t, "west of east", peerOf(t, f, c, "west"), east, c.Now(), nil)

	c.advance(time.Hour)
	got = retire(t, f, "east", fabric.RetireOptions{Revoke: true})
	if !got.Again || len(got.Left) > 0 || len(got.Revoked) != 1 {
		t.Errorf("retired again is %+v", got)
	}
	west := peerOf(t, f, c, "west")
	wantRefused(t, "west of east", west, east, c.Now(), errRevoked)
	if !slices.Contains(crlNames(t, f, "west"), name) {
		t.Error("its CRL is gone before its end")
	}
	for _, reason := range entries(west.crls) {
		if reason != int(fabric.CessationOfOperation) {
			t.Errorf("the reason is %s", fabric.Reason(reason))
		}
	}
}

func TestAClusterIsRetiredAndRevokedAtOnce(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	old := peerOf(t, f, c, "east")
	revoke(t, f, fabric.RevokeOptions{Reason: fabric.KeyCompromise}, "east")
	successor := peerOf(t, f, c, "east")
	superseded := fabric.Superseded
	got := retire(t, f, "east", fabric.RetireOptions{Revoke: true, Reason: &superseded})
	if len(got.Revoked) != 2 || !got.Publishes {
		t.Errorf("retired is %+v", got)
	}
	west := peerOf(t, f, c, "west")
	want := map[string]int{
		old.chain[1].SerialNumber.String():       int(fabric.KeyCompromise), // as it was decided
		successor.chain[1].SerialNumber.String(): int(fabric.Superseded),
	}
	if diff := cmp.Diff(want, entries(west.crls)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestARetiredClusterIsRevokedAtOnce(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	east := peerOf(t, f, c, "east")
	retire(t, f, "east", fabric.RetireOptions{})
	if got := revoke(t, f, fabric.RevokeOptions{}, "east"); len(got.Clusters[0].Revoked) != 1 || len(got.Clusters[0].Pending) > 0 || got.Clusters[0].Successor != nil {
		t.Errorf("revoked is %+v", got.Clusters[0])
	}
	wantRefused(t, "west of east", peerOf(t, f, c, "west"), east, c.Now(), errRevoked)
}

func TestAClusterCanComeBack(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	old := subject(t, f, "east")
	retire(t, f, "east", fabric.RetireOptions{Revoke: true})
	c.advance(time.Hour)
	ensure(t, f, fabric.EnsureOptions{}, "east")
	if got := standings(t, f); got[old] != fabric.Revoked || got[subject(t, f, "east")] != fabric.Current {
		t.Errorf("standings are %v", got)
	}
	wantRefused(t, "west of east", peerOf(t, f, c, "west"), peerOf(t, f, c, "east"), c.Now(), nil)
}

func TestAClusterWhoseKeyIsElsewhereIsRetired(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	ensure(t, p.root, fabric.EnsureOptions{}, "west")
	p.through(t, "east")
	east := peerOf(t, p.beside, p.clock, "east")
	got := retire(t, p.root, "east", fabric.RetireOptions{Revoke: true})
	if len(got.Revoked) != 1 || len(got.Elsewhere) > 0 || len(got.Missing) > 0 {
		t.Errorf("retired is %+v", got)
	}
	// Its own CRL never came, which refuses the workload as well.
	wantRefused(t, "west of east", peerOf(t, p.root, p.clock, "west"), east, p.Now(), errNoCRL)
}

func TestARequestGoesWithItsCluster(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east")
	requested(t, f, "east")
	retire(t, f, "east", fabric.RetireOptions{})
	for name := range tree(t, f.Dir()) {
		if strings.HasPrefix(name, "requests/") || strings.HasPrefix(name, "clusters/") {
			t.Errorf("%s is there", name)
		}
	}
}

func TestARetirementThatCannotBeIsRefusedAndLeavesNothing(t *testing.T) {
	t.Parallel()
	hold := fabric.Reason(6)
	none, name := isA[*fabric.NoIntermediateError](), isA[*fabric.ClusterNameError]()
	tests := map[string]struct {
		cluster string
		options fabric.RetireOptions
		as      func(error) bool
	}{
		"a cluster that is not known": {"north", fabric.RetireOptions{}, none},
		"a cluster that cannot be":    {"../east", fabric.RetireOptions{}, name},
		"a reason that is not for it": {"east", fabric.RetireOptions{Revoke: true, Reason: &hold}, nil},
		"the future":                  {"east", fabric.RetireOptions{Revoke: true, At: catest.Now().Add(day)}, nil},
	}
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east")
	before := tree(t, f.Dir())
	for what, test := range tests {
		if _, err := f.RetireCluster(t.Context(), test.cluster, test.options); err == nil || test.as != nil && !test.as(err) {
			t.Errorf("%s: got the error %v", what, err)
		}
	}
	retire(t, f, "east", fabric.RetireOptions{Revoke: true, DryRun: true})
	unchanged(t, f.Dir(), before)
	remove(t, f, "root-key.pem")
	before = tree(t, f.Dir())
	if _, err := f.RetireCluster(t.Context(), "east", fabric.RetireOptions{Revoke: true}); !errors.Is(err, fabric.ErrRootKeyMissing) {
		t.Errorf("got the error %v, want ErrRootKeyMissing", err)
	}
	unchanged(t, f.Dir(), before)
	retire(t, f, "east", fabric.RetireOptions{}) // takes no key
}
