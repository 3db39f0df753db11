package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// TestRevoke_Cluster goes through a revocation in the order that the program gives. All
// workloads hold their peers against the CRLs that their istiod publishes, as Envoy does.
func TestRevoke_Cluster(t *testing.T) {
	t.Parallel()
	dir := newTrust(t, "east", "west")
	east, west := startRevocable(t, dir, "east"), startRevocable(t, dir, "west")
	boringSSL := newBoringSSLServer(t)

	t.Run("with the complete set nobody is refused", func(t *testing.T) {
		trustgen(t, "crl", "refresh", "--dir", dir)
		east.takes(t)
		west.takes(t)
		assertAllTalk(t, east.peer(t), west.peer(t))
	})
	old, behind := east.workload.Identity(), west.peer(t)
	t.Run("while the old intermediate and the new one are good nobody is refused", func(t *testing.T) {
		trustgen(t, "revoke", "--dir", dir, "--cluster", "east")
		west.takes(t)
		assertAllTalk(t, east.peer(t), west.peer(t))
		east.takes(t)
		assertAllTalk(t, east.checking(t, old), east.peer(t), west.peer(t))
	})
	t.Run("a cluster that had not been given the new CRL first would refuse the new one", func(t *testing.T) {
		assertRefuses(t, behind, east.peer(t), workload.ErrNoCRL)
		boringSSL.assertSays(t, behind, east.peer(t), noCRL)
	})
	t.Run("then every cluster refuses the old one, and the new one nobody", func(t *testing.T) {
		trustgen(t, "revoke", "--dir", dir, "--cluster", "east", "--finish")
		west.takes(t)
		east.takes(t)
		assertRefuses(t, west.peer(t), east.checking(t, old), workload.ErrRevoked)
		assertRefuses(t, east.peer(t), east.checking(t, old), workload.ErrRevoked)
		boringSSL.assertSays(t, west.peer(t), old, revoked)
		assertAllTalk(t, east.peer(t), west.peer(t))
		boringSSL.assertSays(t, west.peer(t), east.peer(t), accepted)
	})
	t.Run("at once, a cluster is refused until its workloads have renewed", func(t *testing.T) {
		trustgen(t, "revoke", "--dir", dir, "--cluster", "west", "--now")
		east.takes(t)
		assertRefuses(t, east.peer(t), west.peer(t), workload.ErrRevoked)
		west.takes(t)
		assertAllTalk(t, east.peer(t), west.peer(t))
	})
	t.Run("but istiod takes it for proof of an identity, and issues a good one", func(t *testing.T) {
		// No list reaches that far: see SECURITY.md.
		laundered, err := old.Exchange(t, west.Istiod)
		if err != nil {
			t.Fatal(err)
		}
		if laundered.Principal() != old.Principal() {
			t.Errorf("it is for %s, want %s", laundered.Principal(), old.Principal())
		}
		assertAllTalk(t, east.peer(t), laundered, west.peer(t))
	})
	t.Run("istiod starts with what is left", func(t *testing.T) {
		west.Restart(t, applySecret(t, west.Cluster, dir))
		west.takes(t)
		assertAllTalk(t, east.peer(t), west.peer(t))
	})
}

// A revocable is a cluster of a trust directory that publishes CRLs, with a workload.
type revocable struct {
	*istiod.Istiod
	dir      string
	workload *workload.Workload
}

func startRevocable(t *testing.T, dir, name string) *revocable {
	t.Helper()
	m := &revocable{Istiod: startWithTrust(t, dir, name), dir: dir}
	m.workload = workload.New(t, m.Istiod, workload.Options{ServiceAccount: name})
	return m
}

// takes hands the cluster what the program has for it. Its istiod takes that, and the
// workload renews.
func (m *revocable) takes(t *testing.T) {
	t.Helper()
	files := applySecret(t, m.Cluster, m.dir)
	m.Swap(t, files)
	m.awaitPublished(t, files)
	bundle, err := secrets.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	awaitTaken(t, m.workload, bundle)
}

// awaitPublished waits until istiod publishes the CRLs in the files, byte for byte.
func (m *revocable) awaitPublished(t *testing.T, files map[string][]byte) {
	t.Helper()
	const name = "ca-crl.pem"
	if want := read(t, filepath.Join(m.dir, "clusters", m.Cluster.Name, name)); !bytes.Equal(files[name], want) {
		t.Fatalf("%s: the Secret has the CRLs\n%s, want\n%s", m.Cluster.Name, files[name], want)
	}
	await(t, m.Cluster.Name+": the CRLs that it publishes", func(context.Context) error {
		if !bytes.Equal(istiod.PublishedCRLs(t, m.Cluster, "default"), files[name]) {
			return errors.New("they are not those of the Secret")
		}
		return nil
	})
}

// peer is the workload as it is now.
func (m *revocable) peer(t *testing.T) *workload.Identity {
	t.Helper()
	return m.checking(t, m.workload.Identity())
}

// checking is a workload of the cluster if its proxy has the CRLs that istiod publishes now.
func (m *revocable) checking(t *testing.T, id *workload.Identity) *workload.Identity {
	t.Helper()
	checking, err := id.Checking(istiod.PublishedCRLs(t, m.Cluster, "default"))
	if err != nil {
		t.Fatal(err)
	}
	return checking
}

// assertRefuses asserts that one refuses the other for that reason, whoever dials. The other
// does not check.
func assertRefuses(t *testing.T, id, other *workload.Identity, reason error) {
	t.Helper()
	unchecking, err := other.Checking(nil)
	if err != nil {
		t.Fatal(err)
	}
	server := unchecking.Serve(t)
	assertRefused(t, id, server, workload.ErrServerUntrusted)
	assertRefused(t, id, server, reason)
	assertRefused(t, unchecking, id.Serve(t), workload.ErrClientUntrusted)
}
