package fabric_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

func retire(t *testing.T, f *fabric.Fabric, cluster string, o fabric.RetireOptions) fabric.RetireResult {
	t.Helper()
	return catest.Must(f.Retire(t.Context(), cluster, o))(t)
}

func TestRetire_ClusterIsTrustedUntilItIsRevoked(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	refresh(t, f, fabric.RefreshCRLsOptions{})
	east, name := peerOf(t, f, c, "east"), subject(t, f, "east")
	got := retire(t, f, "east", fabric.RetireOptions{})
	if diff := cmp.Diff([]string{name}, subjects(got.Left)); diff != "" || len(got.Revoked) > 0 || !slices.Equal(got.Others, []string{"west"}) {
		t.Errorf("retired is %+v\n%s", got, diff)
	}
	if status := catest.Must(f.Status(t.Context()))(t); len(status.Clusters) != 1 {
		t.Errorf("the clusters are %+v", status.Clusters)
	}
	if statuses(t, f)[name] != string(mesh.LifecycleRetired) || !slices.Contains(crlNames(t, f, "west"), name) {
		t.Errorf("%s is %s, and the CRLs are %v", name, statuses(t, f)[name], crlNames(t, f, "west"))
	}
	requireAccepted(t, "west of east", peerOf(t, f, c, "west"), east, c.Now())

	c.advance(time.Hour)
	got = retire(t, f, "east", fabric.RetireOptions{Revoke: true})
	if !got.Again || len(got.Left) > 0 || len(got.Revoked) != 1 {
		t.Errorf("retired again is %+v", got)
	}
	west := peerOf(t, f, c, "west")
	requireRefused(t, "west of east", west, east, c.Now(), errRevoked)
	if !slices.Contains(crlNames(t, f, "west"), name) {
		t.Error("its CRL is gone before its end")
	}
	if diff := cmp.Diff(map[string]int{east.serial(): int(mesh.ReasonCessationOfOperation)}, entries(west.crls)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestRetire_RevokesAtOnce(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	old := peerOf(t, f, c, "east")
	revoke(t, f, fabric.RevokeOptions{Reason: new(mesh.ReasonKeyCompromise)}, "east")
	successor := peerOf(t, f, c, "east")
	got := retire(t, f, "east", fabric.RetireOptions{Revoke: true})
	if len(got.Revoked) != 2 || !got.Publishes {
		t.Errorf("retired is %+v", got)
	}
	west := peerOf(t, f, c, "west")
	want := map[string]int{
		old.serial():       int(mesh.ReasonKeyCompromise), // as it was decided
		successor.serial(): int(mesh.ReasonCessationOfOperation),
	}
	if diff := cmp.Diff(want, entries(west.crls)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestRevoke_RetiredClusterIsRevokedAtOnce(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	east := peerOf(t, f, c, "east")
	retire(t, f, "east", fabric.RetireOptions{})
	if got := revoke(t, f, fabric.RevokeOptions{}, "east"); len(got.Clusters[0].Revoked) != 1 || len(got.Clusters[0].Pending) > 0 || got.Clusters[0].Successor != nil {
		t.Errorf("revoked is %+v", got.Clusters[0])
	}
	requireRefused(t, "west of east", peerOf(t, f, c, "west"), east, c.Now(), errRevoked)
}

func TestEnsure_RetiredClusterRejoins(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	old := subject(t, f, "east")
	retire(t, f, "east", fabric.RetireOptions{Revoke: true})
	c.advance(time.Hour)
	ensure(t, f, fabric.EnsureOptions{Rejoin: true}, "east")
	if got := statuses(t, f); got[old] != string(mesh.LifecycleRevoked) || got[subject(t, f, "east")] != string(mesh.RoleCurrent) {
		t.Errorf("statuses are %v", got)
	}
	requireAccepted(t, "west of east", peerOf(t, f, c, "west"), peerOf(t, f, c, "east"), c.Now())
}

func TestRetire_ReasonOverridesPending(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	old := peerOf(t, f, c, "east")
	revoke(t, f, fabric.RevokeOptions{Reason: new(mesh.ReasonKeyCompromise)}, "east")
	successor := peerOf(t, f, c, "east")
	retire(t, f, "east", fabric.RetireOptions{Revoke: true, Reason: new(mesh.ReasonPrivilegeWithdrawn)})
	want := map[string]int{
		old.serial():       int(mesh.ReasonPrivilegeWithdrawn),
		successor.serial(): int(mesh.ReasonPrivilegeWithdrawn),
	}
	if diff := cmp.Diff(want, entries(peerOf(t, f, c, "west").crls)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

// A pipeline that renews all clusters must not let a retired one rejoin.
func TestEnsure_RetiredClusterRejoinsOnlyOnRequest(t *testing.T) {
	t.Parallel()
	left := func(t *testing.T, f *fabric.Fabric, c *clock) {
		t.Helper()
		ensure(t, f, fabric.EnsureOptions{}, "east", "west")
		retire(t, f, "east", fabric.RetireOptions{})
		c.advance(time.Hour)
	}
	tests := map[string]struct {
		prepare func(*testing.T, *fabric.Fabric, *clock)
		options fabric.EnsureOptions
		refused bool
	}{
		"it left":                 {left, fabric.EnsureOptions{}, true},
		"it left, and is renewed": {left, fabric.EnsureOptions{Renew: true}, true},
		"it left, and rejoins":    {left, fabric.EnsureOptions{Rejoin: true}, false},
		"one that did not leave":  {func(*testing.T, *fabric.Fabric, *clock) {}, fabric.EnsureOptions{Rejoin: true}, false},
		"it left, and all expired": {func(t *testing.T, f *fabric.Fabric, c *clock) {
			left(t, f, c)
			c.advance(year + day)
		}, fabric.EnsureOptions{}, true},
		"it left when all had expired": {func(t *testing.T, f *fabric.Fabric, c *clock) {
			ensure(t, f, fabric.EnsureOptions{}, "east", "west")
			c.advance(year + day)
			retire(t, f, "east", fabric.RetireOptions{})
		}, fabric.EnsureOptions{}, true},
		"it left, and the record of an older one is not retired": {func(t *testing.T, f *fabric.Fabric, c *clock) {
			ensure(t, f, fabric.EnsureOptions{}, "east", "west")
			older := recordFile(t, catest.Must(f.Bundle(t.Context(), "east"))(t).Certificate())
			record := readFile(t, f, older)
			c.advance(time.Hour)
			ensure(t, f, fabric.EnsureOptions{Renew: true}, "east")
			retire(t, f, "east", fabric.RetireOptions{})
			overwrite(t, filepath.Join(f.Dir(), older), record)
		}, fabric.EnsureOptions{}, true},
		"it left and was revoked": {func(t *testing.T, f *fabric.Fabric, c *clock) {
			left(t, f, c)
			revoke(t, f, fabric.RevokeOptions{}, "east")
		}, fabric.EnsureOptions{}, true},
		"it left, came back, and its CA bundle is lost": {func(t *testing.T, f *fabric.Fabric, c *clock) {
			left(t, f, c)
			ensure(t, f, fabric.EnsureOptions{Rejoin: true}, "east")
			c.advance(2 * year)
			if err := os.RemoveAll(f.ClusterPath("east")); err != nil {
				t.Fatal(err)
			}
		}, fabric.EnsureOptions{}, false},
		"it left, and came back in the same second": {func(t *testing.T, f *fabric.Fabric, _ *clock) {
			ensure(t, f, fabric.EnsureOptions{}, "east", "west")
			retire(t, f, "east", fabric.RetireOptions{})
			ensure(t, f, fabric.EnsureOptions{Rejoin: true}, "east")
			if err := os.RemoveAll(f.ClusterPath("east")); err != nil {
				t.Fatal(err)
			}
		}, fabric.EnsureOptions{Renew: true}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			f := open(t, c)
			test.prepare(t, f, c)
			before := tree(t, f.Dir())
			_, err := f.Ensure(t.Context(), []string{"west", "east"}, test.options)
			if !test.refused {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if gone := new(mesh.RetiredError); !errors.As(err, &gone) || gone.Cluster != "east" || gone.Since.IsZero() {
				t.Errorf("got the error %v, want that east has left", err)
			}
			unchanged(t, f.Dir(), before)
			_, err = f.Bundle(t.Context(), "east")
			if gone := new(mesh.RetiredError); !errors.As(err, &gone) {
				t.Errorf("its CA bundle: got the error %v, want that it has left", err)
			}
		})
	}
}

func TestRetire_RemoteCluster(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "west")
	p.addCluster(t, "east")
	east := peerOf(t, p.clusterDir, p.clock, "east")
	got := retire(t, p.rootDir, "east", fabric.RetireOptions{Revoke: true})
	if len(got.Revoked) != 1 || len(got.Remote) > 0 || len(got.Missing) > 0 {
		t.Errorf("retired is %+v", got)
	}
	// Its own CRL was never imported, so that proxies refuse the workload for that reason.
	requireRefused(t, "west of east", peerOf(t, p.rootDir, p.clock, "west"), east, p.Now(), errNoCRL)
}

func TestRetire_SupersedesThePendingRequest(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east")
	request(t, f, "east")
	retire(t, f, "east", fabric.RetireOptions{})
	superseded := 0
	for name := range tree(t, f.Dir()) {
		switch {
		case strings.HasPrefix(name, "requests/") || strings.HasPrefix(name, "clusters/"):
			t.Errorf("%s is there", name)
		case strings.HasPrefix(name, "superseded/requests/east/") || strings.HasPrefix(name, "superseded/clusters/east/"):
			superseded++
		}
	}
	if superseded != 6 {
		t.Errorf("%d files are superseded, want the four of the bundle and the two of the request", superseded)
	}
}

func TestRetire_RefusesAndChangesNothing(t *testing.T) {
	t.Parallel()
	none, name := isA[*mesh.NoIntermediateError](), isA[*mesh.ClusterNameError]()
	tests := map[string]struct {
		cluster string
		options fabric.RetireOptions
		as      func(error) bool
	}{
		"a cluster that is not known": {"north", fabric.RetireOptions{}, none},
		"an invalid cluster name":     {"../east", fabric.RetireOptions{}, name},
		"a reason that is temporary":  {"east", fabric.RetireOptions{Revoke: true, Reason: new(mesh.Reason(6))}, nil},
		"the future":                  {"east", fabric.RetireOptions{Revoke: true, At: catest.Now().Add(day)}, nil},
	}
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east")
	before := tree(t, f.Dir())
	for what, test := range tests {
		if _, err := f.Retire(t.Context(), test.cluster, test.options); err == nil || test.as != nil && !test.as(err) {
			t.Errorf("%s: got the error %v", what, err)
		}
	}
	retire(t, f, "east", fabric.RetireOptions{Revoke: true, DryRun: true})
	unchanged(t, f.Dir(), before)
	remove(t, f, "root-key.pem")
	before = tree(t, f.Dir())
	if _, err := f.Retire(t.Context(), "east", fabric.RetireOptions{Revoke: true}); !errors.Is(err, fabric.ErrKeyMissing) {
		t.Errorf("got the error %v, want ErrKeyMissing", err)
	}
	unchanged(t, f.Dir(), before)
	retire(t, f, "east", fabric.RetireOptions{}) // takes no key
}
