package e2e_test

import (
	"path/filepath"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/istiod"
)

// newTrust returns a trust directory of the program with a root and intermediates of these
// clusters.
func newTrust(t *testing.T, clusters ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "trust")
	args := []string{"intermediate", "--dir", dir}
	for _, name := range clusters {
		args = append(args, "--cluster", name)
	}
	trustgen(t, args...)
	return dir
}

// startWithTrust starts a cluster of the trust directory with an istiod. Its CA is the Secret of
// the program, as read back from the API server. env is added to the environment of istiod.
func startWithTrust(t *testing.T, dir, name string, env ...string) *istiod.Istiod {
	t.Helper()
	c := startCluster(t, name)
	return istiod.Start(t, c, istiod.Options{CA: applySecret(t, c, dir), Env: env})
}

// applySecret applies the Secret of the program to a cluster, and returns the data that the
// cluster then has.
func applySecret(t *testing.T, c *cluster.Cluster, dir string) map[string][]byte {
	t.Helper()
	c.KubectlInput(t, trustgen(t, "secret", "--dir", dir, "--cluster", c.Name), "apply", "--server-side", "-f", "-")
	return c.Secret(t, istiod.Namespace, "cacerts")
}

// startAlone starts a cluster whose istiod creates its own root.
func startAlone(t *testing.T, name string) *istiod.Istiod {
	t.Helper()
	return istiod.Start(t, startCluster(t, name), istiod.Options{})
}

// startCluster starts a cluster that is ready for istiod.
func startCluster(t *testing.T, name string) *cluster.Cluster {
	t.Helper()
	c := cluster.Start(t, cluster.Options{Name: name})
	istiod.Install(t, c)
	return c
}
