package e2e_test

import (
	"context"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/test/e2e/istiod"
)

// TestIstiod_RejectsIncompleteCRLBundle: the CRL of the corporate root is missing. The program
// reports that before istiod does.
func TestIstiod_RejectsIncompleteCRLBundle(t *testing.T) {
	t.Parallel()
	c := newCorporate(t)
	dir := c.newTrust(t, "east")
	east := startRevocable(t, dir, "east")
	before := east.workload.Identity()
	missing := "missing CRL signed by certificates: [" + c.root.Certificate().Subject.String() + "]"
	trustgen(t, "intermediate", "--dir", dir, "--cluster", "east", "--renew", "--not-after", "30d")

	t.Run("the program reports the CA whose CRL is missing", func(t *testing.T) {
		cmd := exec.CommandContext(t.Context(), program(t), "crl", "refresh", "--dir", dir)
		output, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(output), ca.Describe(c.root.Certificate())) {
			t.Errorf("%s: %v\n%s", cmd, err, output)
		}
	})
	trustgen(t, "crl", "refresh", "--dir", dir, "--incomplete")
	incomplete := applySecret(t, east.Cluster, dir)
	t.Run("a running istiod keeps its CA", func(t *testing.T) {
		east.refuses(t, incomplete, missing)
		east.workload.Renew(t)
		assertSameIssuer(t, east.workload.Identity(), before)
		if published := istiod.PublishedCRLs(t, east.Cluster, "default"); len(published) > 0 {
			t.Errorf("istiod publishes CRLs:\n%s", published)
		}
	})
	t.Run("a restarted istiod does not become ready", func(t *testing.T) {
		east.Process.Stop()
		again, err := istiod.Try(t, east.Cluster, istiod.Options{CA: incomplete})
		if err == nil || !strings.Contains(again.Process.Log(), missing) {
			t.Errorf("error of the start: %v; log of istiod:\n%s", err, again.Process.Log())
		}
	})
	t.Run("istiod starts with the missing CRL", func(t *testing.T) {
		trustgen(t, "crl", "import", "--dir", dir, c.rootCRL(t))
		trustgen(t, "crl", "refresh", "--dir", dir)
		east.Restart(t, applySecret(t, east.Cluster, dir))
		east.takes(t)
		c.assertIssued(t, east.workload.Identity(), dir, "east")
		assertAllTalk(t, east.peer(t))
	})
}

// refuses gives istiod files, and waits until its log has the reason of the refusal.
func (m *revocable) refuses(t *testing.T, files map[string][]byte, why string) {
	t.Helper()
	m.Swap(t, files)
	await(t, m.Cluster.Name+": the log of istiod", func(context.Context) error {
		if !strings.Contains(m.Process.Log(), why) {
			return fmt.Errorf("no %q yet", why)
		}
		return nil
	})
}

// rootCRL returns the path of the corporate root's CRL, which is empty.
func (c *corporate) rootCRL(t *testing.T) string {
	t.Helper()
	list, err := c.root.CRL(ca.CRLOptions{Number: big.NewInt(1)})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "corporate.crl")
	if err := os.WriteFile(path, list.Raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
