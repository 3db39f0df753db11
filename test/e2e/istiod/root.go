package istiod

import (
	"testing"

	"github.com/trustgen/trustgen/test/e2e/cluster"
)

// PublishedRoot returns what an istiod publishes in a namespace of c for
// proxies to verify it by, PEM, as soon as it has.
func PublishedRoot(t testing.TB, c *cluster.Cluster, namespace string) []byte {
	t.Helper()
	return publication{configMap: "istio-ca-root-cert", key: "root-cert.pem"}.in(t, c, namespace)
}
