package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/rollout"
)

func TestRevocationChange(t *testing.T) {
	t.Parallel()
	certs := []fabric.Certificate{{Subject: "old"}}
	published := fabric.Publication{Publishes: true, Others: []string{"west"}, Elsewhere: []string{"north", "south"}}
	tests := map[string]struct {
		clusters     []fabric.RevokedCluster
		certificates bool
		want         rollout.Change
	}{
		"pending, with a successor": {
			[]fabric.RevokedCluster{{Cluster: "east", Here: true, Successor: &certs[0], Pending: certs}}, false,
			rollout.Change{Unchanged: []string{"west"}, Replaced: []string{"east"}, Remote: []string{"north", "south"}, Pending: []string{"east"}},
		},
		"pending, with a remote key": {
			[]fabric.RevokedCluster{{Cluster: "south", Pending: certs}}, false,
			rollout.Change{Unchanged: []string{"west"}, Remote: []string{"north"}, Pending: []string{"south"}, WithoutCA: []string{"south"}},
		},
		"pending in one cluster, nothing to revoke in another": {
			[]fabric.RevokedCluster{{Cluster: "east", Here: true, Pending: certs}, {Cluster: "beach", Here: true}}, false,
			rollout.Change{Unchanged: []string{"west", "beach"}, Replaced: []string{"east"}, Remote: []string{"north", "south"}, Pending: []string{"east"}},
		},
		"revoked at once": {
			[]fabric.RevokedCluster{{Cluster: "east", Here: true, Successor: &certs[0], Revoked: certs}}, false,
			rollout.Change{Revokes: true, Unchanged: []string{"west"}, Replaced: []string{"east"}, Remote: []string{"north", "south"}, Cut: []string{"east"}},
		},
		"revoked by the second step": {
			[]fabric.RevokedCluster{{Cluster: "east", Here: true, Revoked: certs}}, false,
			rollout.Change{Revokes: true, Unchanged: []string{"west"}, Replaced: []string{"east"}, Remote: []string{"north", "south"}},
		},
		"a remote cluster is left without an intermediate": {
			[]fabric.RevokedCluster{{Cluster: "south", Without: true, Revoked: certs}}, false,
			rollout.Change{Revokes: true, Unchanged: []string{"west"}, Remote: []string{"north"}, WithoutCA: []string{"south"}},
		},
		"a superseded certificate of a cluster": {
			[]fabric.RevokedCluster{{Cluster: "east", Here: true, Revoked: certs}}, true,
			rollout.Change{Revokes: true, Unchanged: []string{"west", "east"}, Remote: []string{"north", "south"}},
		},
		"a certificate of no cluster": {
			[]fabric.RevokedCluster{{Revoked: certs}}, true,
			rollout.Change{Revokes: true, Unchanged: []string{"west"}, Remote: []string{"north", "south"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.want.Publishes = true
			if diff := cmp.Diff(test.want, revocationChange(fabric.Revocation{Clusters: test.clusters, Publication: published}, test.certificates)); diff != "" {
				t.Errorf("change (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEnsureChange(t *testing.T) {
	t.Parallel()
	got := ensureChange(fabric.Result{
		Clusters:    []fabric.Ensured{{Cluster: "east", Action: fabric.Created}, {Cluster: "west", Action: fabric.Renewed}, {Cluster: "north", Action: fabric.Kept}},
		Publication: fabric.Publication{Publishes: true, Began: true, Others: []string{"north"}, Elsewhere: []string{"south"}},
	})
	want := rollout.Change{
		Publishes: true, FirstPublication: true,
		Unchanged: []string{"north"}, Created: []string{"east"}, Replaced: []string{"west"}, Remote: []string{"south"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("change (-want +got):\n%s", diff)
	}
}

func TestChange_NothingForTheClusters(t *testing.T) {
	t.Parallel()
	published := fabric.Publication{Publishes: true, Others: []string{"west"}}
	for name, got := range map[string]rollout.Change{
		"a cluster that leaves without a revocation": retireChange(fabric.RetiredCluster{Publication: published}),
		"no CRL is due":                         refreshChange(fabric.Refreshed{Publication: published}),
		"nothing new in an import":              importChange(fabric.ImportedCRLs{Written: true, Publication: published}),
		"an import that leaves the CRL bundles": importChange(fabric.ImportedCRLs{Changed: true, Publication: published}),
	} {
		if steps := rollout.Plan(got); len(steps) > 0 {
			t.Errorf("%s: %d steps", name, len(steps))
		}
	}
}
