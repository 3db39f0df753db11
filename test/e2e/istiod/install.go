package istiod

import (
	_ "embed" // rbac.yaml
	"testing"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/process"
)

// Namespace is the namespace of istiod and of the Secret cacerts.
const Namespace = "istio-system"

var account = cluster.ServiceAccount{Namespace: Namespace, Name: "istiod"}

// Binaries is the environment variable with the directory of Istio's programs.
const Binaries = "TRUSTGEN_E2E_ISTIO"

//go:embed rbac.yaml
var rbac string

// Install prepares c for istiod, as the charts of Istio do: the CRDs, the namespace, the service
// account and its rights.
func Install(t testing.TB, c *cluster.Cluster) {
	t.Helper()
	c.KubectlInput(t, rbac, "apply", "--server-side", "--validate=false",
		"-f", "-", "-f", process.Built(t, Binaries, "crds.yaml"))
}
