package istiod

import (
	"testing"

	"github.com/trustgen/trustgen/test/e2e/cluster"
)

// PublishedRoot waits for the root that an istiod publishes in a namespace of c for proxies, and
// returns it in PEM.
func PublishedRoot(t testing.TB, c *cluster.Cluster, namespace string) []byte {
	t.Helper()
	return publication{configMap: "istio-ca-root-cert", key: "root-cert.pem"}.in(t, c, namespace)
}
