package mesh_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// intermediate is one of cluster east, named by its key.
type intermediate struct {
	key                       string
	days                      int // since it was issued; after 365 it has expired
	pending, retired, revoked bool
	noCRL                     bool
}

// eastAndWest is a mesh with intermediates of cluster east, of which the first is in the local
// bundle if there is one, and an intermediate of cluster west.
func eastAndWest(t *testing.T, local bool, all []intermediate) (*mesh.Mesh, map[string]*x509.Certificate) {
	t.Helper()
	root := newRoot(t, "root")
	certs := map[string]*x509.Certificate{"west": root.cluster(t, "west").cert()}
	var revoked []*x509.Certificate
	var recorded []*mesh.CA
	c := contents(root)
	for i, one := range all {
		s := root.issue(t, one.key, "east", one.days, ca.IntermediateOptions{})
		certs[one.key] = s.cert()
		var list *x509.RevocationList
		if !one.noCRL && one.days < 365 {
			list = s.crl(t, 1)
		}
		a := record(t, "east", list, s.cert())
		if one.pending {
			a.Pending = &mesh.Revocation{Reason: mesh.ReasonSuperseded, At: catest.Now()}
		}
		if one.retired {
			a.Retired = catest.Now().Add(-time.Duration(i+1) * time.Hour)
		}
		if one.revoked {
			revoked = append(revoked, s.cert())
		}
		recorded = append(recorded, a)
		if local && i == 0 {
			c = withBundles(c, bundleOf("east", s))
		}
	}
	recorded = append(recorded, record(t, "", root.crl(t, 1, revoked...), root.cert()), record(t, "west", nil, certs["west"]))
	c.Recorded = recorded
	return newMesh(c), certs
}

// keysOf are the names of the keys of CAs, in the order of the CAs.
func keysOf(all []*mesh.CA, certs map[string]*x509.Certificate) []string {
	var keys []string
	for _, a := range all {
		for key, cert := range certs {
			if a.Has(cert) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

func TestIntermediates_IsThePredicateOfAll(t *testing.T) {
	t.Parallel()
	type view struct {
		Live, Pending, Retired []string
		Left                   time.Duration // ago
		Remote                 bool          // see RemoteClusters
		RemoteKey              string        // the key in the RemoteKeyError
		Shown                  string        // see RemoteIntermediate
	}
	tests := map[string]struct {
		local bool
		all   []intermediate
		want  view
	}{
		"a cluster that never was": {want: view{}},
		"a local cluster":          {true, []intermediate{{key: "a", days: 10}}, view{Live: []string{"a"}}},
		"a remote cluster":         {false, []intermediate{{key: "a", days: 10}}, view{Live: []string{"a"}, Remote: true, RemoteKey: "a", Shown: "a"}},
		"the newest one comes first": {
			false, []intermediate{{key: "a", days: 30}, {key: "b", days: 10}, {key: "c", days: 20}},
			view{Live: []string{"b", "c", "a"}, Remote: true, RemoteKey: "b", Shown: "b"},
		},
		"a pending one is usable": {
			false, []intermediate{{key: "a", days: 10, pending: true}},
			view{Pending: []string{"a"}, Remote: true, RemoteKey: "a", Shown: "a"},
		},
		"a revoked one is out": {false, []intermediate{{key: "a", days: 10, revoked: true}}, view{Shown: "a"}},
		"an expired one is out, so that another can be created": {
			false, []intermediate{{key: "a", days: 400}}, view{Shown: "a"},
		},
		"of a revoked and an expired one the newest is shown": {
			false, []intermediate{{key: "a", days: 400}, {key: "b", days: 10, revoked: true}}, view{Shown: "b"},
		},
		"one that was revoked before it expired is not shown": {false, []intermediate{{key: "a", days: 400, revoked: true}}, view{}},
		"a pending one that has expired is out":               {false, []intermediate{{key: "a", days: 400, pending: true}}, view{Shown: "a"}},
		"a pending one that is revoked is out":                {false, []intermediate{{key: "a", days: 10, pending: true, revoked: true}}, view{Shown: "a"}},
		"a successor beside a pending one": {
			false, []intermediate{{key: "a", days: 30, pending: true}, {key: "b", days: 10}},
			view{Live: []string{"b"}, Pending: []string{"a"}, Remote: true, RemoteKey: "b", Shown: "b"},
		},
		"a pending one that is newer than the live one": {
			false, []intermediate{{key: "a", days: 10, pending: true}, {key: "b", days: 30}},
			view{Live: []string{"b"}, Pending: []string{"a"}, Remote: true, RemoteKey: "a", Shown: "a"},
		},
		"a cluster that has left": {
			false, []intermediate{{key: "a", days: 10, retired: true}, {key: "b", days: 30, retired: true}},
			view{Retired: []string{"a", "b"}, Left: time.Hour},
		},
		"a cluster that has left with a pending one": {
			false, []intermediate{{key: "a", days: 10, retired: true, pending: true}}, view{Retired: []string{"a"}, Left: time.Hour},
		},
		"a cluster that has left and whose intermediate has expired": {false, []intermediate{{key: "a", days: 400, retired: true}}, view{Left: time.Hour}},
		"a cluster that has left and whose intermediate is revoked":  {false, []intermediate{{key: "a", days: 10, retired: true, revoked: true}}, view{Left: time.Hour}},
		"a cluster that came back with a remote key": {
			false, []intermediate{{key: "a", days: 30, retired: true}, {key: "b", days: 10}},
			view{Live: []string{"b"}, Retired: []string{"a"}, Remote: true, RemoteKey: "b", Shown: "b"},
		},
		"a cluster that came back in the second in which it left": {
			false, []intermediate{{key: "a", days: 10, retired: true}, {key: "b", days: 10}},
			view{Live: []string{"b"}, Retired: []string{"a"}, Remote: true, RemoteKey: "b", Shown: "b"},
		},
		"a cluster that came back, and whose new intermediate is revoked": {
			false, []intermediate{{key: "a", days: 30, retired: true}, {key: "b", days: 10, revoked: true}},
			view{Retired: []string{"a"}, Shown: "b"},
		},
		"a local cluster that came back": {
			true, []intermediate{{key: "a", days: 10}, {key: "b", days: 30, retired: true}},
			view{Live: []string{"a"}, Retired: []string{"b"}},
		},
		"a retired bundle that was put back": {true, []intermediate{{key: "a", days: 10, retired: true}}, view{Retired: []string{"a"}}},
		"a local cluster with a newer remote intermediate": {
			true, []intermediate{{key: "a", days: 30}, {key: "b", days: 10}}, view{Live: []string{"b", "a"}, Shown: "b"},
		},
		"a local cluster with an older remote intermediate": {
			true, []intermediate{{key: "a", days: 10}, {key: "b", days: 30}}, view{Live: []string{"a", "b"}},
		},
		"a local cluster with a newer remote intermediate that is revoked": {
			true, []intermediate{{key: "a", days: 30}, {key: "b", days: 10, revoked: true}}, view{Live: []string{"a"}},
		},
		"a local cluster whose intermediates are all revoked": {
			true, []intermediate{{key: "a", days: 30, revoked: true}, {key: "b", days: 10, revoked: true}}, view{Shown: "b"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, certs := eastAndWest(t, tt.local, tt.all)
			found := m.Intermediates("east")
			got := view{Live: keysOf(found.Live, certs), Pending: keysOf(found.Pending, certs), Retired: keysOf(found.Retired, certs)}
			if !found.Left.IsZero() {
				got.Left = m.Now.Sub(found.Left)
			}
			for _, cluster := range m.RemoteClusters() {
				got.Remote = got.Remote || cluster == "east"
			}
			if err := m.CheckNoRemoteKey("east"); err != nil {
				got.RemoteKey = keyIn(t, err, certs)
			}
			if a := m.RemoteIntermediate("east", certs[localKey(tt.local, tt.all)]); a != nil {
				got.Shown = keysOf([]*mesh.CA{a}, certs)[0]
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("cluster east (-want +got):\n%s", diff)
			}
			wantRetired := ""
			if tt.want.Left > 0 {
				wantRetired = fmt.Sprintf("cluster east left the mesh at %s", m.Now.Add(-tt.want.Left).Format(time.RFC3339))
			}
			if err := m.CheckNotRetired("east"); fmt.Sprint(err) != wantRetired && (err != nil || wantRetired != "") {
				t.Errorf("CheckNotRetired: %v, want %q", err, wantRetired)
			}
			if diff := cmp.Diff(append(tt.want.Live, tt.want.Pending...), keysOf(found.Usable(), certs), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("usable (-want +got):\n%s", diff)
			}
			if got, want := len(found.Accepted()), len(found.Live)+len(found.Pending)+len(found.Retired); got != want {
				t.Errorf("%d intermediates are accepted, want %d", got, want)
			}
			if got := keysOf(m.Intermediates("west").Live, certs); len(got) != 1 {
				t.Errorf("live intermediates of west: %q", got)
			}
		})
	}
}

func localKey(local bool, all []intermediate) string {
	if !local {
		return ""
	}
	return all[0].key
}

// keyIn is the name of the key in a RemoteKeyError.
func keyIn(t *testing.T, err error, certs map[string]*x509.Certificate) string {
	t.Helper()
	remote, ok := errors.AsType[*mesh.RemoteKeyError](err)
	if !ok || remote.Cluster != "east" {
		t.Fatalf("error %v, want a RemoteKeyError of east", err)
	}
	for key, cert := range certs {
		if mesh.Summarize(cert) == remote.Certificate {
			return key
		}
	}
	return ""
}

func TestKnownClusters_HasThoseThatHaveLeft(t *testing.T) {
	t.Parallel()
	m, _ := eastAndWest(t, false, []intermediate{{key: "a", days: 400, retired: true}})
	if diff := cmp.Diff([]string{"east", "west"}, m.KnownClusters()); diff != "" {
		t.Errorf("known clusters (-want +got):\n%s", diff)
	}
	if err := m.CheckKnown("east"); err != nil {
		t.Error(err)
	}
	if err := m.CheckKnown("north"); typeOf(err) != "*mesh.NoIntermediateError" {
		t.Errorf("error %v, want a NoIntermediateError", err)
	}
}
