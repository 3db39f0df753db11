package fabric_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// The root issues, so that there is no issuing CA.
func TestStatus_RootThatIssues(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		after time.Duration
		want  mesh.State
	}{
		"a new root":              {0, mesh.StateValid},
		"a root that is due":      {7 * year, mesh.StateRenewDue},
		"a root that has expired": {11 * year, mesh.StateExpired},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			f := open(t, c)
			root := catest.Must(f.Init(t.Context(), fabric.InitOptions{}))(t).Root
			c.advance(test.after)
			got := catest.Must(f.Status(t.Context()))(t)
			want := fabric.Status{TrustDomain: fabric.DefaultTrustDomain, Root: fabric.AboveCA{Certificate: root, State: test.want}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStatus_ListsRemoteClustersAndPendingRequests(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "east", "west")
	waiting := catest.Must(p.clusterDir.Request(t.Context(), "east", fabric.RequestOptions{}))(t)
	p.advance(day)
	north := p.sign(t, request(t, p.clusterDir, "north"), "north")
	east := p.sign(t, waiting.CSR, "east")
	here := catest.Must(p.rootDir.Bundle(t.Context(), "east"))(t).Certificate().Subject.CommonName
	status := catest.Must(p.rootDir.Status(t.Context()))(t)
	type row struct {
		Name, Subject string
		Remote        bool
		State         mesh.State
	}
	var got []row
	for _, c := range status.Clusters {
		got = append(got, row{c.Name, c.Certificate.Subject, c.Remote, c.State})
	}
	want := []row{
		{"east", here, false, mesh.StateValid},
		{"east", east.Certificate.Subject, true, mesh.StateValid},
		{"north", north.Certificate.Subject, true, mesh.StateValid},
		{"west", subject(t, p.rootDir, "west"), false, mesh.StateValid},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("where the root is (-want +got):\n%s", diff)
	}
	status, err := p.clusterDir.Status(t.Context())
	if !errors.Is(err, fabric.ErrNoRoot) || len(status.Requests) != 2 || status.Requests[0].Cluster != "east" || status.Requests[0].Key != waiting.Key {
		t.Errorf("in the directory of the cluster: %+v, %v", status, err)
	}
}

func TestStatus_StatesOfWhatIsNoLongerValid(t *testing.T) {
	t.Parallel()
	type states struct {
		root, issuing mesh.State
		clusters      map[string]mesh.State
	}
	inspect := func(t *testing.T, f *fabric.Fabric) states {
		t.Helper()
		status := catest.Must(f.Status(t.Context()))(t)
		got := states{root: status.Root.State, clusters: make(map[string]mesh.State)}
		if status.Issuing != nil {
			got.issuing = status.Issuing.State
		}
		for _, cluster := range status.Clusters {
			got.clusters[cluster.Name] = cluster.State
		}
		return got
	}
	tests := map[string]struct {
		prepare func(*testing.T, *clock) *fabric.Fabric
		want    states
	}{
		"an issuing CA that is revoked": {
			func(t *testing.T, c *clock) *fabric.Fabric {
				f, _ := revokedAbove(t, c)
				return f
			},
			states{mesh.StateValid, mesh.StateRevoked, map[string]mesh.State{"east": mesh.StateRevoked}},
		},
		"remote clusters": {
			func(t *testing.T, c *clock) *fabric.Fabric {
				p := &directories{c, open(t, c), open(t, c)}
				ensure(t, p.rootDir, fabric.EnsureOptions{}, "west")
				for _, cluster := range []string{"east", "north", "south"} {
					p.sign(t, request(t, p.clusterDir, cluster), cluster)
				}
				revoke(t, p.rootDir, fabric.RevokeOptions{Incomplete: true}, "east")
				revoke(t, p.rootDir, fabric.RevokeOptions{Incomplete: true, Now: true}, "north")
				retire(t, p.rootDir, "south", fabric.RetireOptions{})
				return p.rootDir
			},
			states{mesh.StateValid, "", map[string]mesh.State{"east": mesh.StatePending, "north": mesh.StateRevoked, "west": mesh.StateValid}},
		},
		"an issuing CA that was revoked, when all has expired": {
			func(t *testing.T, c *clock) *fabric.Fabric {
				f, _ := revokedAbove(t, c)
				c.advance(year + day)
				return f
			},
			states{mesh.StateValid, mesh.StateExpired, map[string]mesh.State{"east": mesh.StateExpired}},
		},
		"remote clusters, when all has expired": {
			func(t *testing.T, c *clock) *fabric.Fabric {
				p := &directories{c, open(t, c), open(t, c)}
				ensure(t, p.rootDir, fabric.EnsureOptions{}, "west")
				p.sign(t, request(t, p.clusterDir, "east"), "east")
				p.sign(t, request(t, p.clusterDir, "north"), "north")
				revoke(t, p.rootDir, fabric.RevokeOptions{Incomplete: true, Now: true}, "north")
				c.advance(year + day)
				return p.rootDir
			},
			states{mesh.StateValid, "", map[string]mesh.State{"east": mesh.StateExpired, "west": mesh.StateExpired}},
		},
		"a CA bundle that was put back after its cluster had left": {
			func(t *testing.T, c *clock) *fabric.Fabric {
				f := open(t, c)
				ensure(t, f, fabric.EnsureOptions{}, "east", "west")
				retire(t, f, "east", fabric.RetireOptions{})
				kept := catest.Must(filepath.Glob(filepath.Join(f.Dir(), "superseded/clusters/east/*")))(t)
				if err := os.Rename(kept[0], f.ClusterPath("east")); err != nil {
					t.Fatal(err)
				}
				return f
			},
			states{mesh.StateValid, "", map[string]mesh.State{"east": mesh.StateRetired, "west": mesh.StateValid}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			f := test.prepare(t, c)
			if diff := cmp.Diff(test.want, inspect(t, f), cmp.AllowUnexported(states{})); diff != "" {
				t.Errorf("states (-want +got):\n%s", diff)
			}
		})
	}
}
