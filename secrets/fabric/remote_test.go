package fabric_test

import (
	"errors"
	"testing"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

func TestEnsure_RefusesASecondCAForARemoteCluster(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	signed := p.sign(t, request(t, p.clusterDir, "east"), "east")
	before := tree(t, p.rootDir.Dir())
	_, err := p.rootDir.Ensure(t.Context(), []string{"west", "east"}, fabric.EnsureOptions{})
	var there *mesh.RemoteKeyError
	if !errors.As(err, &there) || there.Cluster != "east" || there.Certificate.Subject != signed.Certificate.Subject {
		t.Errorf("got the error %v, want that the key of east is in another directory", err)
	}
	unchanged(t, p.rootDir.Dir(), before)
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "west")
	if got := ensure(t, p.rootDir, fabric.EnsureOptions{Renew: true}, "east").Clusters[0]; got.Action != fabric.Created {
		t.Errorf("on request east is %s", got.Action)
	}
}

func TestEnsure_CreatesWhereTheRemoteIntermediateHasExpired(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	p.sign(t, request(t, p.clusterDir, "east"), "east")
	if _, err := p.rootDir.Bundle(t.Context(), "east"); !isA[*mesh.RemoteKeyError]()(err) {
		t.Errorf("before it expires: got the error %v, want a RemoteKeyError", err)
	}
	p.advance(year + day)
	if _, err := p.rootDir.Bundle(t.Context(), "east"); !isA[*fabric.UnknownClusterError]()(err) {
		t.Errorf("got the error %v, want an UnknownClusterError", err)
	}
	if got := ensure(t, p.rootDir, fabric.EnsureOptions{}, "east").Clusters[0].Action; got != fabric.Created {
		t.Errorf("the action is %s, want %s", got, fabric.Created)
	}
	catest.Must(p.rootDir.Bundle(t.Context(), "east"))(t)
}

func TestEnsure_RefusesAClusterWithAPendingRequest(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	request(t, p.rootDir, "east")
	request(t, p.clusterDir, "east")
	for name, f := range map[string]*fabric.Fabric{"in the directory of the root": p.rootDir, "in a directory without a root": p.clusterDir} {
		before := tree(t, f.Dir())
		_, err := f.Ensure(t.Context(), []string{"east"}, fabric.EnsureOptions{})
		var waiting *fabric.PendingRequestError
		if !errors.As(err, &waiting) || waiting.Cluster != "east" {
			t.Errorf("%s: got the error %v, want that a request waits", name, err)
		}
		unchanged(t, f.Dir(), before)
	}
	_, err := p.clusterDir.Ensure(t.Context(), []string{"west"}, fabric.EnsureOptions{Renew: true})
	if waiting := new(fabric.PendingRequestError); !errors.As(err, &waiting) {
		t.Errorf("a root for another cluster: got the error %v", err)
	}
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "west")
	ensure(t, p.rootDir, fabric.EnsureOptions{Renew: true}, "east")
}

func TestBundle_SaysWhereTheKeyOfAClusterIs(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	csr := request(t, p.clusterDir, "east")
	requirePending := func(f *fabric.Fabric) {
		t.Helper()
		_, err := f.Bundle(t.Context(), "east")
		if waiting := new(fabric.PendingRequestError); !errors.As(err, &waiting) {
			t.Errorf("got the error %v, want that the request waits", err)
		}
	}
	requirePending(p.clusterDir)
	if _, err := p.clusterDir.Bundle(t.Context(), "west"); !errors.Is(err, fabric.ErrNoRoot) {
		t.Errorf("got the error %v, want ErrNoRoot", err)
	}
	p.sign(t, csr, "east")
	_, err := p.rootDir.Bundle(t.Context(), "east")
	if there := new(mesh.RemoteKeyError); !errors.As(err, &there) {
		t.Errorf("got the error %v, want that the key is in another directory", err)
	}
	p.addCluster(t, "west")
	requirePending(p.clusterDir)
	_, err = p.clusterDir.Bundle(t.Context(), "north")
	if unknown := new(fabric.UnknownClusterError); !errors.As(err, &unknown) {
		t.Errorf("got the error %v, want that there is no such cluster", err)
	}
}
