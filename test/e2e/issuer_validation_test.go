package e2e_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/signer"
)

// TestIssuerValidation_RejectsInvalidSpecs checks the validation of the CRD, which comes before
// any controller.
func TestIssuerValidation_RejectsInvalidSpecs(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Options{Name: "validation"})
	signer.Install(t, c)
	ca, anchors := object{"secretName": "ca"}, object{"pem": "PEM"}
	rule := func(fields object) object {
		return object{"ca": ca, "trustAnchors": anchors, "policy": object{"rules": []object{fields}}}
	}
	istiod := []object{{"namespace": "istio-system", "name": "istiod"}}
	for name, test := range map[string]struct {
		spec object
		want string // empty if the spec is accepted
	}{
		"a CA from a Secret":                  {object{"ca": ca, "trustAnchors": anchors}, ""},
		"no backend":                          {object{"trustAnchors": anchors}, "exactly one of ca, ephemeral and cfssl is required"},
		"two backends":                        {object{"ca": ca, "cfssl": object{"urls": []string{"https://ca"}, "profile": "p", "authKey": object{"name": "n", "key": "k"}}, "trustAnchors": anchors}, "exactly one of ca, ephemeral and cfssl is required"},
		"no trust anchors":                    {object{"ca": ca}, "spec.trustAnchors: Required value"},
		"two kinds of trust anchors":          {object{"ca": ca, "trustAnchors": object{"pem": "PEM", "secret": object{"name": "n", "key": "k"}}}, "exactly one of pem, configMap and secret is required"},
		"an unknown form of chain":            {object{"ca": ca, "trustAnchors": anchors, "chain": "Root"}, "spec.chain: Unsupported value"},
		"an unknown approval":                 {object{"ca": ca, "trustAnchors": anchors, "approval": "Always"}, "spec.approval: Unsupported value"},
		"a negative limit":                    {object{"ca": ca, "trustAnchors": anchors, "limits": object{"burst": -1}}, "spec.limits.burst"},
		"cfssl without TLS":                   {object{"cfssl": object{"urls": []string{"http://ca"}, "profile": "p", "authKey": object{"name": "n", "key": "k"}}, "trustAnchors": anchors}, "spec.cfssl.urls[0]"},
		"a rule for workloads":                {rule(object{"name": "a", "requesters": istiod, "identities": "Any", "namespaces": []string{"*"}, "serviceAccounts": []string{"*"}}), ""},
		"a rule for own identities":           {rule(object{"name": "a", "identities": "Own", "namespaces": []string{"*"}, "serviceAccounts": []string{"*"}}), ""},
		"a rule for any without requesters":   {rule(object{"name": "a", "identities": "Any", "namespaces": []string{"*"}}), "requesters are required"},
		"a rule for identities and DNS names": {rule(object{"name": "a", "requesters": istiod, "identities": "Any", "dnsNames": []string{"istiod"}}), "either identities or dnsNames is required"},
		"a rule without names":                {rule(object{"name": "a", "requesters": istiod}), "either identities or dnsNames is required"},
		"a rule for code signing":             {rule(object{"name": "a", "requesters": istiod, "identities": "Any", "usages": []string{"code signing"}}), "spec.policy.rules[0].usages[0]"},
		"a rule with an unknown key type":     {rule(object{"name": "a", "requesters": istiod, "identities": "Any", "keys": []string{"Ed25519"}}), "spec.policy.rules[0].keys[0]"},
		"a rule with a lifetime as a number":  {rule(object{"name": "a", "requesters": istiod, "identities": "Any", "maxLifetime": 5}), "spec.policy.rules[0].maxLifetime"},
		"a rule with a lifetime in days":      {rule(object{"name": "a", "requesters": istiod, "identities": "Any", "maxLifetime": "5d"}), "spec.policy.rules[0].maxLifetime"},
		"a lifetime of a million years":       {rule(object{"name": "a", "requesters": istiod, "identities": "Any", "maxLifetime": "8760000000h"}), "spec.policy.rules[0].maxLifetime"},
		"an unknown field":                    {object{"ca": ca, "trustAnchors": anchors, "polcy": object{}}, `unknown field "spec.polcy"`},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := json.Marshal(clusterIssuerOf("test", test.spec))
			if err != nil {
				t.Fatal(err)
			}
			cmd := c.KubectlCommand(t, "create", "--dry-run=server", "--validate=strict", "-f", "-")
			cmd.Stdin = strings.NewReader(string(data))
			out, err := cmd.CombinedOutput()
			switch {
			case test.want == "" && err != nil:
				t.Errorf("rejected: %s", out)
			case test.want != "" && (err == nil || !strings.Contains(string(out), test.want)):
				t.Errorf("got %q, want %q", out, test.want)
			}
		})
	}
	explained := c.Kubectl(t, "explain", "trustclusterissuers.spec.trustAnchors")
	if !strings.Contains(explained, "every chain from the CA must lead to") {
		t.Errorf("kubectl explain prints %q", explained)
	}
}
