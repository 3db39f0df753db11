package e2e_test

import (
	"bytes"
	"maps"
	"path/filepath"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/istiod"
)

// TestRenewal_CRLsComeBeforeCAs follows the steps that a renewal of two clusters prints: it
// applies the CRLs alone, with their own field manager, and then the whole Secret.
func TestRenewal_CRLsComeBeforeCAs(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Options{Name: "east"})
	c.Kubectl(t, "create", "namespace", istiod.Namespace)
	dir := newTrust(t, "east", "west")
	trustgen(t, "crl", "refresh", "--dir", dir)
	before := applySecret(t, c, dir)
	assertSameFiles(t, "at first", eastFiles(t, dir), before)
	for range 2 {
		trustgen(t, "intermediate", "--dir", dir, "--cluster", "east,west", "--renew")
		after := eastFiles(t, dir)
		between := maps.Clone(before)
		between["ca-crl.pem"] = after["ca-crl.pem"]
		c.KubectlInput(t, trustgen(t, "secret", "--dir", dir, "--cluster", "east", "--crls-only"),
			"apply", "--server-side", "--field-manager=trustgen-crls", "--force-conflicts", "-f", "-")
		assertSameFiles(t, "after the CRLs", between, c.Secret(t, istiod.Namespace, "cacerts"))
		c.KubectlInput(t, trustgen(t, "secret", "--dir", dir, "--cluster", "east"),
			"apply", "--server-side", "--force-conflicts", "-f", "-")
		assertSameFiles(t, "after the whole Secret", after, c.Secret(t, istiod.Namespace, "cacerts"))
		if bytes.Equal(before["ca-crl.pem"], after["ca-crl.pem"]) || bytes.Equal(before["ca-key.pem"], after["ca-key.pem"]) {
			t.Error("the renewal changed nothing")
		}
		before = after
	}
}

// eastFiles returns the files of cluster east in the trust directory.
func eastFiles(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	for _, name := range []string{"ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem", "ca-crl.pem"} {
		files[name] = read(t, filepath.Join(dir, "clusters", "east", name))
	}
	return files
}

// assertSameFiles compares files without printing a key.
func assertSameFiles(t *testing.T, when string, want, got map[string][]byte) {
	t.Helper()
	for name := range want {
		if !bytes.Equal(want[name], got[name]) {
			t.Errorf("the Secret %s: %s differs", when, name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("the Secret %s has %d files, want %d", when, len(got), len(want))
	}
}
