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

// TestRevoke_Cluster revokes clusters in the order that the program prints. All workloads check
// their peers with the CRLs that their istiod publishes, as Envoy does.
func TestRevoke_Cluster(t *testing.T) {
	t.Parallel()
	dir := newTrust(t, "east", "west")
	east, west := startRevocable(t, dir, "east"), startRevocable(t, dir, "west")
	boringSSL := newBoringSSLServer(t)

	t.Run("a complete CRL bundle rejects no peer", func(t *testing.T) {
		trustgen(t, "crl", "refresh", "--dir", dir)
		east.takes(t)
		west.takes(t)
		assertAllTalk(t, east.peer(t), west.peer(t))
	})
	old, behind := east.workload.Identity(), west.peer(t)
	t.Run("old and new intermediate are both accepted before the revocation", func(t *testing.T) {
		trustgen(t, "revoke", "--dir", dir, "--cluster", "east")
		west.takes(t)
		assertAllTalk(t, east.peer(t), west.peer(t))
		east.takes(t)
		assertAllTalk(t, east.checking(t, old), east.peer(t), west.peer(t))
	})
	t.Run("a cluster without the new CRL refuses the new intermediate", func(t *testing.T) {
		assertRefuses(t, behind, east.peer(t), workload.ErrNoCRL)
		boringSSL.assertSays(t, behind, east.peer(t), noCRL)
	})
	t.Run("every cluster refuses the old intermediate and accepts the new one", func(t *testing.T) {
		trustgen(t, "revoke", "--dir", dir, "--cluster", "east", "--finish")
		west.takes(t)
		east.takes(t)
		assertRefuses(t, west.peer(t), east.checking(t, old), workload.ErrRevoked)
		assertRefuses(t, east.peer(t), east.checking(t, old), workload.ErrRevoked)
		boringSSL.assertSays(t, west.peer(t), old, revoked)
		assertAllTalk(t, east.peer(t), west.peer(t))
		boringSSL.assertSays(t, west.peer(t), east.peer(t), accepted)
	})
	t.Run("an immediate revocation refuses the cluster until its workloads have renewed", func(t *testing.T) {
		trustgen(t, "revoke", "--dir", dir, "--cluster", "west", "--now")
		east.takes(t)
		assertRefuses(t, east.peer(t), west.peer(t), workload.ErrRevoked)
		west.takes(t)
		assertAllTalk(t, east.peer(t), west.peer(t))
	})
	t.Run("istiod accepts the revoked certificate as identity and issues a valid one", func(t *testing.T) {
		// CRLs do not prevent this: see SECURITY.md.
		laundered, err := old.Exchange(t, west.Istiod)
		if err != nil {
			t.Fatal(err)
		}
		if laundered.Principal() != old.Principal() {
			t.Errorf("istiod issued a certificate for %s, want %s", laundered.Principal(), old.Principal())
		}
		assertAllTalk(t, east.peer(t), laundered, west.peer(t))
	})
	t.Run("istiod starts with the remaining files", func(t *testing.T) {
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

// takes applies the current Secret of the program, waits until istiod uses it, and renews the
// certificate of the workload.
func (m *revocable) takes(t *testing.T) {
	t.Helper()
	files := applySecret(t, m.Cluster, m.dir)
	m.Swap(t, files)
	m.awaitPublished(t, files)
	bundle, err := secrets.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	awaitIssuedWith(t, m.workload, bundle)
}

// awaitPublished waits until istiod publishes the CRLs of the files, byte for byte.
func (m *revocable) awaitPublished(t *testing.T, files map[string][]byte) {
	t.Helper()
	const name = "ca-crl.pem"
	if want := read(t, filepath.Join(m.dir, "clusters", m.Cluster.Name, name)); !bytes.Equal(files[name], want) {
		t.Fatalf("%s: the Secret has the CRLs\n%s, want\n%s", m.Cluster.Name, files[name], want)
	}
	await(t, m.Cluster.Name+": its published CRLs", func(context.Context) error {
		if !bytes.Equal(istiod.PublishedCRLs(t, m.Cluster, "default"), files[name]) {
			return errors.New("different from the Secret")
		}
		return nil
	})
}

// peer is the current identity of the workload, checking CRLs.
func (m *revocable) peer(t *testing.T) *workload.Identity {
	t.Helper()
	return m.checking(t, m.workload.Identity())
}

// checking is an identity that checks the CRLs which istiod publishes now.
func (m *revocable) checking(t *testing.T, id *workload.Identity) *workload.Identity {
	t.Helper()
	checking, err := id.Checking(istiod.PublishedCRLs(t, m.Cluster, "default"))
	if err != nil {
		t.Fatal(err)
	}
	return checking
}

// assertRefuses asserts that id refuses other for this reason, as client and as server. other
// does not check CRLs.
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
