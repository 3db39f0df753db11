package controller

import (
	"testing"
	"testing/synctest"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

func TestConfine(t *testing.T) {
	own := func(change func(*v1alpha1.PolicyRule)) []v1alpha1.PolicyRule {
		r := v1alpha1.PolicyRule{Name: "own", Identities: v1alpha1.OwnIdentity, Namespaces: []string{"shop"}, ServiceAccounts: []string{"*"}}
		change(&r)
		return []v1alpha1.PolicyRule{r}
	}
	tests := []struct {
		name  string
		rules []v1alpha1.PolicyRule
		field string // "": valid
	}{
		{"no rule", nil, ""},
		{"its own namespace", own(func(*v1alpha1.PolicyRule) {}), ""},
		{"any identity", own(func(r *v1alpha1.PolicyRule) { r.Identities = v1alpha1.AnyIdentity }), "rules[0].identities"},
		{"an unknown identity", own(func(r *v1alpha1.PolicyRule) { r.Identities = "All" }), "rules[0].identities"},
		{"no identity", own(func(r *v1alpha1.PolicyRule) { r.Identities = "" }), "rules[0].identities"},
		{"DNS names", own(func(r *v1alpha1.PolicyRule) { r.Identities, r.DNSNames = "", []string{"a.b"} }), "rules[0].dnsNames"},
		{"DNS names and an identity", own(func(r *v1alpha1.PolicyRule) { r.DNSNames = []string{"a.b"} }), "rules[0].dnsNames"},
		{"another namespace", own(func(r *v1alpha1.PolicyRule) { r.Namespaces = []string{"bank"} }), "rules[0].namespaces"},
		{"another namespace beside it", own(func(r *v1alpha1.PolicyRule) { r.Namespaces = []string{"shop", "bank"} }), "rules[0].namespaces"},
		{"every namespace", own(func(r *v1alpha1.PolicyRule) { r.Namespaces = []string{"*"} }), "rules[0].namespaces"},
		{"no namespace", own(func(r *v1alpha1.PolicyRule) { r.Namespaces = nil }), "rules[0].namespaces"},
		{"an invalid rule after a valid one", append(own(func(*v1alpha1.PolicyRule) {}), own(func(r *v1alpha1.PolicyRule) { r.Namespaces = nil })...), "rules[1].namespaces"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := confine(&v1alpha1.Policy{Rules: test.rules}, "shop")
			if (err == nil) != (test.field == "") {
				t.Fatalf("the error is %v", err)
			}
			if err != nil {
				contains(t, "the error", err.Error(), test.field)
			}
		})
	}
}

func TestNewPolicy_OwnNamespaceIsASystemNamespace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newIssuerEnv(t, v1alpha1.KindTrustClusterIssuer)
		f.ClusterResourceNamespace = "pki"
		spec := meshPolicy()
		spec.Rules[0].Namespaces = []string{"*"}
		spec.SystemNamespaces = make([]string, 1, 8)
		spec.SystemNamespaces[0] = "vault"
		policy := catest.Must(NewPolicy(spec, "", f.ClusterResourceNamespace))(t)
		w := newRequestEnv(t)
		for namespace, want := range map[string]bool{"shop": true, "pki": false, "vault": false} {
			q := signingRequest{CertificateSigningRequest: full(meshSigner), now: w.now}
			q.Spec.Request, q.Spec.Username = csrFor(t, "spiffe://"+catest.Organization+"/ns/"+namespace+"/sa/a"), "system:serviceaccount:"+namespace+":a"
			q.Spec.Groups = []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace}
			if got := policy.Evaluate(q.csrRequest()); got.Allowed() != want {
				t.Errorf("%s: %s", namespace, got.Summary())
			}
		}
		if got := spec.SystemNamespaces[:2]; got[1] != "" {
			t.Errorf("the specification was changed: %v", got)
		}
	})
}
