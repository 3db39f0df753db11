package istiod

import (
	"testing"

	"github.com/trustgen/trustgen/test/e2e/cluster"
)

// PublishedCRLs returns the CRLs that an istiod publishes in a namespace of c for proxies to
// hold their peers against, PEM; nothing if it has none. It does so unless PILOT_ENABLE_CA_CRL
// is false.
func PublishedCRLs(t testing.TB, c *cluster.Cluster, namespace string) []byte {
	t.Helper()
	return publication{configMap: "istio-ca-crl", key: "ca-crl.pem", mayBeEmpty: true}.in(t, c, namespace)
}
