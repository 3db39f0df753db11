package e2e_test

import (
	"encoding/json"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/signer"
)

type object = map[string]any

// clusterIssuer has the policy that istiod needs, unless the spec sets another.
func clusterIssuer(name string, spec object) object {
	if spec["policy"] == nil {
		spec["policy"] = object{
			"trustDomains": []string{"cluster.local"},
			"rules": []object{
				{
					"name": "workloads", "requesters": []object{istiodAccount()}, "identities": "Any",
					"namespaces": []string{"*"}, "serviceAccounts": []string{"*"},
				},
				{"name": "istiod", "requesters": []object{istiodAccount()}, "dnsNames": istiodNames()},
			},
		}
	}
	return clusterIssuerOf(name, spec)
}

func clusterIssuerOf(name string, spec object) object {
	return object{"apiVersion": "trustgen.io/v1alpha1", "kind": "TrustClusterIssuer", "metadata": object{"name": name}, "spec": spec}
}

func istiodAccount() object { return object{"namespace": istiod.Namespace, "name": "istiod"} }

// istiodNames are the names in istiod's own certificate.
func istiodNames() []string {
	return []string{
		"istiod.istio-system.svc", "istiod-remote.istio-system.svc", "istio-pilot.istio-system.svc", "istiod.istio-system.svc.cluster.local",
	}
}

func apply(t *testing.T, c *cluster.Cluster, o object) {
	t.Helper()
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	c.KubectlInput(t, string(data), "apply", "--server-side", "-f", "-")
}

// applyCA applies the CA of a cluster of a trust directory as a Secret for the controller.
func applyCA(t *testing.T, c *cluster.Cluster, dir, name, secret string) {
	t.Helper()
	var o object
	if err := json.Unmarshal([]byte(trustgen(t, "secret", "--dir", dir, "--cluster", name, "--namespace", signer.Namespace, "-o", "json")), &o); err != nil {
		t.Fatal(err)
	}
	o["metadata"].(object)["name"] = secret
	apply(t, c, o)
}

// ready waits until an issuer is ready.
func ready(t *testing.T, c *cluster.Cluster, name string) {
	t.Helper()
	c.Kubectl(t, "wait", "--for=condition=Ready", "--timeout=60s", "trustclusterissuer/"+name)
	t.Logf("%s:\n%s", c.Name, c.Kubectl(t, "get", "trustclusterissuers", "-o", "wide"))
}
