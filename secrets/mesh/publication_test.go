package mesh_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets/mesh"
)

func TestPublication(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	east, west, north := root.cluster(t, "east"), root.cluster(t, "west"), root.cluster(t, "north")
	m := newMesh(withBundles(contents(root,
		record(t, "", root.crl(t, 1), root.cert()), record(t, "east", east.crl(t, 1), east.cert()),
		record(t, "west", west.crl(t, 1), west.cert()), record(t, "north", nil, north.cert()),
	), bundleOf("east", east), bundleOf("west", west)))
	want := mesh.Publication{Others: []string{"west"}, Remote: []string{"north"}}
	if diff := cmp.Diff(want, m.Publication("east")); diff != "" {
		t.Errorf("without CRLs (-want +got):\n%s", diff)
	}
	if !m.Publish() || m.Publish() {
		t.Error("Publish reports the first call only")
	}
	want = mesh.Publication{Publishes: true, First: true, Others: []string{"east", "west"}, Remote: []string{"north"}}
	want.Missing = []mesh.MissingCRL{{Cluster: "north", Subject: ca.Describe(north.cert()), NotAfter: north.cert().NotAfter}}
	if diff := cmp.Diff(want, m.Publication()); diff != "" {
		t.Errorf("as of this change (-want +got):\n%s", diff)
	}
	c := contents(root)
	c.PublishCRLs = true
	published := newMesh(c)
	if published.Publish() || published.Publication().First {
		t.Error("CRLs were published before, and the publication is the first")
	}
}
