package e2e_test

import (
	"path/filepath"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/istiod"
)

// newTrust returns a trust directory of the program, with a root and these
// clusters' intermediates.
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

// startWithTrust starts a cluster of the trust directory, and in it an istiod
// whose CA is the Secret that the program made, as the API server has it. The
// environment of istiod is added to the usual one.
func startWithTrust(t *testing.T, dir, name string, env ...string) *istiod.Istiod {
	t.Helper()
	c := startCluster(t, name)
	return istiod.Start(t, c, istiod.Options{CA: applySecret(t, c, dir), Env: env})
}

// applySecret hands a cluster what the program has for it, and returns what the
// cluster has then.
func applySecret(t *testing.T, c *cluster.Cluster, dir string) map[string][]byte {
	t.Helper()
	c.KubectlInput(t, trustgen(t, "secret", "--dir", dir, "--cluster", c.Name), "apply", "--server-side", "-f", "-")
	return c.Secret(t, istiod.Namespace, "cacerts")
}

// startAlone starts a cluster whose istiod makes a root for itself.
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
