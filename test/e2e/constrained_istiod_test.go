package e2e_test

import (
	"crypto/x509"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// TestIstiod_NameConstraints gives istiods intermediates that are good for the trust
// domain and for istiod's own names alone. Their clusters share an API server, in which each
// has a namespace.
func TestIstiod_NameConstraints(t *testing.T) {
	t.Parallel()
	c := startCluster(t, "shared")
	plain, canary := newConstrainedTrust(t), newConstrainedTrust(t, "canary")
	east := constrained{dir: plain, cluster: "east", namespace: "east"}.start(t, c)
	west := constrained{dir: plain, cluster: "west", namespace: "west"}.start(t, c)
	checkout, ledger := east.workload(t, "checkout"), west.workload(t, "ledger")

	t.Run("an istiod has the names that it always has", func(t *testing.T) {
		for _, m := range []*constrainedIstiod{east, west} {
			m.assertNames(t, "istio-pilot", "istiod-remote", "istiod")
		}
	})
	t.Run("workloads of two clusters talk", func(t *testing.T) {
		assertTalk(t, checkout, ledger.Serve(t, checkout.Principal()), checkout.Principal(), ledger.Principal())
		assertTalk(t, ledger, checkout.Serve(t, ledger.Principal()), ledger.Principal(), checkout.Principal())
	})
	t.Run("a workload of another trust domain is refused, though the root is the same", func(t *testing.T) {
		foreign := constrained{dir: plain, cluster: "east", namespace: "foreign", trustDomain: "mesh.example"}.start(t, c)
		stranger := foreign.workload(t, "checkout")
		if want := "spiffe://mesh.example/ns/foreign/sa/checkout"; stranger.Principal() != want {
			t.Errorf("the stranger is %s, want %s", stranger.Principal(), want)
		}
		_, err := ledger.Dial(t.Context(), stranger.Serve(t))
		assertNotPermitted(t, err, "spiffe://mesh.example")
		assertRefused(t, stranger, ledger.Serve(t), workload.ErrClientUntrusted)
	})
	t.Run("an istiod of a revision that was named has that name too", func(t *testing.T) {
		m := constrained{dir: canary, cluster: "east", namespace: "canary", revision: "canary"}.start(t, c)
		m.assertNames(t, "istio-pilot", "istiod-canary", "istiod-remote", "istiod")
		client, server := m.workload(t, "client"), m.workload(t, "server")
		assertTalk(t, client, server.Serve(t, client.Principal()), client.Principal(), server.Principal())
	})
	t.Run("nobody verifies an istiod of a revision that was not named, though it is ready", func(t *testing.T) {
		m := constrained{dir: plain, cluster: "east", namespace: "forgotten", revision: "canary"}.start(t, c)
		_, err := servedBy(t, m.Istiod, m.root(t))
		assertNotPermitted(t, err, "istiod-canary.istio-system.svc")
		_, err = workload.Try(t, m.Istiod, workload.Options{Namespace: m.namespace})
		assertNotPermitted(t, err, "istiod-canary.istio-system.svc")
	})
}

// newConstrainedTrust returns a trust directory whose clusters east and west have
// constrained intermediates, made for istiods of these revisions too.
func newConstrainedTrust(t *testing.T, revisions ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "trust")
	args := []string{"init", "--dir", dir, "--no-password", "--name-constraints"}
	for _, revision := range revisions {
		args = append(args, "--revision", revision)
	}
	trustgen(t, args...)
	trustgen(t, "intermediate", "--dir", dir, "--cluster", "east", "--cluster", "west")
	return dir
}

// constrained says which intermediate an istiod has, and what is special about it.
type constrained struct {
	dir, cluster string // whose intermediate, of which trust directory
	namespace    string // that it has to itself
	revision     string
	trustDomain  string
}

// A constrainedIstiod is one that runs.
type constrainedIstiod struct {
	*istiod.Istiod
	constrained
}

func (o constrained) start(t *testing.T, c *cluster.Cluster) *constrainedIstiod {
	t.Helper()
	c.EnsureServiceAccount(t, cluster.ServiceAccount{Namespace: o.namespace, Name: "default"})
	opts := istiod.Options{CA: o.files(t), Namespace: o.namespace}
	if o.revision != "" {
		opts.Env = []string{"REVISION=" + o.revision}
	}
	if o.trustDomain != "" {
		opts.MeshConfig = map[string]any{"trustDomain": o.trustDomain}
	}
	return &constrainedIstiod{Istiod: istiod.Start(t, c, opts), constrained: o}
}

func (o constrained) files(t *testing.T) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	for _, name := range secrets.FileNames() {
		files[name] = read(t, filepath.Join(o.dir, "clusters", o.cluster, name))
	}
	return files
}

func (o constrained) root(t *testing.T) *x509.Certificate {
	t.Helper()
	return loadCertificate(t, filepath.Join(o.dir, "root-cert.pem"))
}

func (m *constrainedIstiod) workload(t *testing.T, account string) *workload.Identity {
	t.Helper()
	return workload.New(t, m.Istiod, workload.Options{Namespace: m.namespace, ServiceAccount: account}).Identity()
}

// assertNames asserts that istiod's own certificate verifies, and is for exactly these
// services of its namespace.
func (m *constrainedIstiod) assertNames(t *testing.T, services ...string) {
	t.Helper()
	var want []string
	for _, name := range services {
		want = append(want, name+"."+istiod.Namespace+".svc")
	}
	cert, err := servedBy(t, m.Istiod, m.root(t))
	if err != nil {
		t.Fatalf("istiod of %s: %v", m.namespace, err)
	}
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(cert.DNSNames))); diff != "" {
		t.Errorf("istiod of %s is certified for (-want +got):\n%s", m.namespace, diff)
	}
}

// assertNotPermitted asserts that crypto/x509 has refused a name because of a constraint.
func assertNotPermitted(t *testing.T, err error, name string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "is not permitted by any constraint") {
		t.Errorf("got the error %v, want that %s is not permitted", err, name)
	}
}
