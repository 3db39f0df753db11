package fabric_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

func TestAClusterWhoseKeyIsElsewhereGetsNoSecondCA(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	signed := p.signed(t, requested(t, p.beside, "east"), "east")
	before := tree(t, p.root.Dir())
	_, err := p.root.Ensure(t.Context(), []string{"west", "east"}, fabric.EnsureOptions{})
	var there *mesh.RemoteKeyError
	if !errors.As(err, &there) || there.Cluster != "east" || there.Certificate.Subject != signed.Certificate.Subject {
		t.Errorf("got the error %v, want that the key of east is elsewhere", err)
	}
	unchanged(t, p.root.Dir(), before)
	ensure(t, p.root, fabric.EnsureOptions{}, "west")
	if got := ensure(t, p.root, fabric.EnsureOptions{Renew: true}, "east").Clusters[0]; got.Action != fabric.Created {
		t.Errorf("when it was asked for, east is %s", got.Action)
	}
}

func TestAClusterWhoseCAElsewhereHasExpiredGetsOne(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	p.signed(t, requested(t, p.beside, "east"), "east")
	p.advance(year + day)
	ensure(t, p.root, fabric.EnsureOptions{}, "east")
}

func TestWhereARequestWaitsNothingIsIssuedOnTheWay(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	requested(t, p.root, "east")
	requested(t, p.beside, "east")
	for name, f := range map[string]*fabric.Fabric{"beside the root": p.root, "without a root": p.beside} {
		before := tree(t, f.Dir())
		_, err := f.Ensure(t.Context(), []string{"east"}, fabric.EnsureOptions{})
		var waiting *fabric.PendingRequestError
		if !errors.As(err, &waiting) || waiting.Cluster != "east" {
			t.Errorf("%s: got the error %v, want that a request waits", name, err)
		}
		unchanged(t, f.Dir(), before)
	}
	_, err := p.beside.Ensure(t.Context(), []string{"west"}, fabric.EnsureOptions{Renew: true})
	if waiting := new(fabric.PendingRequestError); !errors.As(err, &waiting) {
		t.Errorf("a root for another cluster: got the error %v", err)
	}
	ensure(t, p.root, fabric.EnsureOptions{}, "west")
	ensure(t, p.root, fabric.EnsureOptions{Renew: true}, "east")
}

func TestTheStatusTellsWhatIsElsewhereAndWhatWaits(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	ensure(t, p.root, fabric.EnsureOptions{}, "east", "west")
	waiting := catest.Must(p.beside.Request(t.Context(), "east", fabric.RequestOptions{}))(t)
	p.advance(day)
	north := p.signed(t, requested(t, p.beside, "north"), "north")
	east := p.signed(t, waiting.CSR, "east")
	here := catest.Must(p.root.Bundle(t.Context(), "east"))(t).Certificate().Subject.CommonName
	status := catest.Must(p.root.Status(t.Context()))(t)
	type row struct {
		Name, Subject string
		Elsewhere     bool
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
		{"west", subject(t, p.root, "west"), false, mesh.StateValid},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("where the root is (-want +got):\n%s", diff)
	}
	status, err := p.beside.Status(t.Context())
	if !errors.Is(err, fabric.ErrNoRoot) || len(status.Requests) != 2 || status.Requests[0].Cluster != "east" || status.Requests[0].Key != waiting.Key {
		t.Errorf("beside the cluster: %+v, %v", status, err)
	}
}

func TestASetThatIsNotHereSaysWhereItsKeyIs(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	csr := requested(t, p.beside, "east")
	wantPending := func(f *fabric.Fabric) {
		t.Helper()
		_, err := f.Bundle(t.Context(), "east")
		if waiting := new(fabric.PendingRequestError); !errors.As(err, &waiting) {
			t.Errorf("got the error %v, want that the request waits", err)
		}
	}
	wantPending(p.beside)
	if _, err := p.beside.Bundle(t.Context(), "west"); !errors.Is(err, fabric.ErrNoRoot) {
		t.Errorf("got the error %v, want ErrNoRoot", err)
	}
	p.signed(t, csr, "east")
	_, err := p.root.Bundle(t.Context(), "east")
	if there := new(mesh.RemoteKeyError); !errors.As(err, &there) {
		t.Errorf("got the error %v, want that the key is elsewhere", err)
	}
	p.through(t, "west")
	wantPending(p.beside)
	_, err = p.beside.Bundle(t.Context(), "north")
	if unknown := new(fabric.UnknownClusterError); !errors.As(err, &unknown) {
		t.Errorf("got the error %v, want that there is no such cluster", err)
	}
}
