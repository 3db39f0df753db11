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

// TestIstiod_NameConstraints gives istiods intermediates that are constrained to the trust
// domain and istiod's own names. Their clusters share an API server, with a namespace for each.
func TestIstiod_NameConstraints(t *testing.T) {
	t.Parallel()
	c := startCluster(t, "shared")
	plain, canary := newConstrainedTrust(t), newConstrainedTrust(t, "canary")
	east := constrained{dir: plain, cluster: "east", namespace: "east"}.start(t, c)
	west := constrained{dir: plain, cluster: "west", namespace: "west"}.start(t, c)
	checkout, ledger := east.workload(t, "checkout"), west.workload(t, "ledger")

	t.Run("istiod has its usual names", func(t *testing.T) {
		for _, m := range []*constrainedIstiod{east, west} {
			m.assertNames(t, "istio-pilot", "istiod-remote", "istiod")
		}
	})
	t.Run("workloads of two clusters talk", func(t *testing.T) {
		assertTalk(t, checkout, ledger.Serve(t, checkout.Principal()), checkout.Principal(), ledger.Principal())
		assertTalk(t, ledger, checkout.Serve(t, ledger.Principal()), ledger.Principal(), checkout.Principal())
	})
	t.Run("a workload of another trust domain below the same root is refused", func(t *testing.T) {
		foreign := constrained{dir: plain, cluster: "east", namespace: "foreign", trustDomain: "mesh.example"}.start(t, c)
		stranger := foreign.workload(t, "checkout")
		if want := "spiffe://mesh.example/ns/foreign/sa/checkout"; stranger.Principal() != want {
			t.Errorf("the stranger is %s, want %s", stranger.Principal(), want)
		}
		_, err := ledger.Dial(t.Context(), stranger.Serve(t))
		assertNotPermitted(t, err, "spiffe://mesh.example")
		assertRefused(t, stranger, ledger.Serve(t), workload.ErrClientUntrusted)
	})
	t.Run("istiod of a listed revision has the name of the revision too", func(t *testing.T) {
		m := constrained{dir: canary, cluster: "east", namespace: "canary", revision: "canary"}.start(t, c)
		m.assertNames(t, "istio-pilot", "istiod-canary", "istiod-remote", "istiod")
		client, server := m.workload(t, "client"), m.workload(t, "server")
		assertTalk(t, client, server.Serve(t, client.Principal()), client.Principal(), server.Principal())
	})
	t.Run("istiod of a revision that is not listed is ready, but does not verify", func(t *testing.T) {
		m := constrained{dir: plain, cluster: "east", namespace: "forgotten", revision: "canary"}.start(t, c)
		_, err := servedBy(t, m.Istiod, m.root(t))
		assertNotPermitted(t, err, "istiod-canary.istio-system.svc")
		_, err = workload.Try(t, m.Istiod, workload.Options{Namespace: m.namespace})
		assertNotPermitted(t, err, "istiod-canary.istio-system.svc")
	})
}

// newConstrainedTrust returns a trust directory with constrained intermediates for east and
// west, which also permit the names of these revisions.
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

// constrained selects the intermediate of an istiod and its other settings.
type constrained struct {
	dir, cluster string // cluster of the intermediate, and its trust directory
	namespace    string // used by this istiod alone
	revision     string
	trustDomain  string
}

// A constrainedIstiod is a running istiod with a constrained intermediate.
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

// assertNames asserts that istiod's own certificate verifies, and names exactly these services
// of its namespace.
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
		t.Errorf("names of istiod of %s (-want +got):\n%s", m.namespace, diff)
	}
}

// assertNotPermitted asserts that crypto/x509 rejected a name because of a constraint.
func assertNotPermitted(t *testing.T, err error, name string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "is not permitted by any constraint") {
		t.Errorf("got the error %v, want that %s is not permitted", err, name)
	}
}
