package istiod

import (
	"testing"

	"github.com/trustgen/trustgen/test/e2e/cluster"
)

// PublishedCRLs returns the CRLs that an istiod publishes in a namespace of c for proxies, in
// PEM; empty if it has none. PILOT_ENABLE_CA_CRL=false disables that.
func PublishedCRLs(t testing.TB, c *cluster.Cluster, namespace string) []byte {
	t.Helper()
	return publication{configMap: "istio-ca-crl", key: "ca-crl.pem", mayBeEmpty: true}.in(t, c, namespace)
}
