package e2e_test

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// TestMesh_BelowCorporateRoot issues with a CA below a root whose key is in another place. Two
// istiods accept the chains of four.
func TestMesh_BelowCorporateRoot(t *testing.T) {
	t.Parallel()
	c := newCorporate(t)
	dir := c.newTrust(t, "east", "west")
	east, west := startWithTrust(t, dir, "east"), startWithTrust(t, dir, "west")
	checkout := workload.New(t, east, workload.Options{Namespace: "shop", ServiceAccount: "checkout"})
	ledger := workload.New(t, west, workload.Options{Namespace: "bank", ServiceAccount: "ledger"})

	t.Run("a certificate chains to the root by its intermediate and the issuing CA", func(t *testing.T) {
		c.assertIssued(t, checkout.Identity(), dir, "east")
		c.assertIssued(t, ledger.Identity(), dir, "west")
	})
	t.Run("workloads of both clusters talk", func(t *testing.T) {
		assertTalk(t, checkout.Identity(), ledger.Serve(t, checkoutID), checkoutID, ledgerID)
		assertTalk(t, ledger.Identity(), checkout.Serve(t, ledgerID), ledgerID, checkoutID)
	})
	t.Run("istiod's own certificate verifies with the root alone", func(t *testing.T) {
		for _, i := range []*istiod.Istiod{east, west} {
			if _, err := servedBy(t, i, c.root.Certificate()); err != nil {
				t.Errorf("%s: %v", i.Cluster.Name, err)
			}
		}
	})
}

// newTrust returns a trust directory that issues to these clusters with the issuing CA.
func (c *corporate) newTrust(t *testing.T, clusters ...string) string {
	t.Helper()
	files := t.TempDir()
	path := func(name string, data []byte) string {
		file := filepath.Join(files, name)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	dir := filepath.Join(files, "trust")
	trustgen(t, "init", "--dir", dir, "--no-password",
		"--root-cert", path("root.pem", ca.MarshalCertificates(c.root.Certificate())),
		"--issuing-cert", path("issuing.pem", c.server.CACert),
		"--issuing-key", path("issuing-key.pem", c.server.CAKey))
	args := []string{"intermediate", "--dir", dir}
	for _, name := range clusters {
		args = append(args, "--cluster", name)
	}
	trustgen(t, args...)
	return dir
}

// assertIssued asserts that the identity has the chain of four by the intermediate of the
// cluster, and trusts the root alone.
func (c *corporate) assertIssued(t *testing.T, id *workload.Identity, dir, cluster string) {
	t.Helper()
	intermediate := loadCertificate(t, filepath.Join(dir, "clusters", cluster, "ca-cert.pem"))
	want := []*x509.Certificate{id.Leaf(), intermediate, c.issuing.Certificate(), c.root.Certificate()}
	for n, cert := range want {
		if len(id.Chain) <= n || !id.Chain[n].Equal(cert) {
			t.Errorf("%s has the chain %v, want %v", id.Principal(), subjects(id.Chain), subjects(want))
			break
		}
	}
	if len(id.Roots) != 1 || !id.Roots[0].Equal(c.root.Certificate()) {
		t.Errorf("%s trusts %v, want the corporate root alone", id.Principal(), subjects(id.Roots))
	}
}
