package csr_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

func servingRule(name string) v1alpha1.PolicyRule {
	return v1alpha1.PolicyRule{
		Name:       name,
		Requesters: []v1alpha1.ServiceAccount{istiod()},
		DNSNames:   []string{"istiod.istio-system.svc"},
	}
}

func TestNewPolicy_NamesTheInvalidField(t *testing.T) {
	t.Parallel()
	own := func(change func(*v1alpha1.PolicyRule)) func(*v1alpha1.Policy) {
		return func(p *v1alpha1.Policy) { change(&p.Rules[0]) }
	}
	serving := func(change func(*v1alpha1.PolicyRule)) func(*v1alpha1.Policy) {
		return func(p *v1alpha1.Policy) { change(&p.Rules[1]) }
	}
	for _, test := range []struct {
		name   string
		change func(*v1alpha1.Policy)
		want   string
	}{
		{"a trust domain with a scheme", func(p *v1alpha1.Policy) { p.TrustDomains[0] = "spiffe://cluster.local" },
			`trustDomains[0]: trust domain "spiffe://cluster.local" is not a host such as cluster.local`},
		{"a trust domain in upper case", func(p *v1alpha1.Policy) { p.TrustDomains = append(p.TrustDomains, "A") },
			`trustDomains[1]: trust domain "A" is not a host such as cluster.local`},
		{"no trust domain", func(p *v1alpha1.Policy) { p.TrustDomains = nil },
			`trustDomains: is missing; a rule for identities needs one`},
		{"a default that is too short", func(p *v1alpha1.Policy) { p.DefaultLifetime.Duration = time.Second },
			`defaultLifetime: 1s is not between 1m0s and 87600h0m0s`},
		{"a default that is negative", func(p *v1alpha1.Policy) { p.DefaultLifetime.Duration = -time.Hour },
			`defaultLifetime: -1h0m0s is not between 1m0s and 87600h0m0s`},
		{"a pattern as a system namespace", func(p *v1alpha1.Policy) { p.SystemNamespaces = []string{"a", "b-*"} },
			`systemNamespaces[1]: "b-*" is not the name of a namespace`},
		{"a rule without a name", own(func(r *v1alpha1.PolicyRule) { r.Name = "" }), `rules[0].name: is missing`},
		{"a name that is too long", own(func(r *v1alpha1.PolicyRule) { r.Name = strings.Repeat("n", 64) }),
			`rules[0].name: "` + strings.Repeat("n", 64) + `" is longer than 63 bytes`},
		{"a name that is used twice", serving(func(r *v1alpha1.PolicyRule) { r.Name = "own" }), `rules[1].name: "own" is the name of another rule`},
		{"a requester in a namespace that cannot exist", serving(func(r *v1alpha1.PolicyRule) { r.Requesters[0].Namespace = "*" }),
			`rules[1].requesters[0].namespace: "*" is not the name of a namespace`},
		{"a requester without a name", serving(func(r *v1alpha1.PolicyRule) { r.Requesters[0].Name = "" }),
			`rules[1].requesters[0].name: "" is not the name of a service account`},
		{"identities and DNS names", own(func(r *v1alpha1.PolicyRule) { r.DNSNames = []string{"a"} }),
			`rules[0]: has both identities and dnsNames, expected one of them`},
		{"neither identities nor DNS names", serving(func(r *v1alpha1.PolicyRule) { r.DNSNames = nil }),
			`rules[1]: has neither identities nor dnsNames, expected one of them`},
		{"identities of another kind", own(func(r *v1alpha1.PolicyRule) { r.Identities = "own" }),
			`rules[0].identities: "own" is neither Own nor Any`},
		{"any identity for anybody", own(func(r *v1alpha1.PolicyRule) { r.Identities = v1alpha1.AnyIdentity }),
			`rules[0].requesters: is missing; a rule for any identity has to list its requesters`},
		{"no namespaces", own(func(r *v1alpha1.PolicyRule) { r.Namespaces = nil }), `rules[0].namespaces: is missing; "*" means all`},
		{"no service accounts", own(func(r *v1alpha1.PolicyRule) { r.ServiceAccounts = nil }), `rules[0].serviceAccounts: is missing; "*" means all`},
		{"a pattern as a namespace", own(func(r *v1alpha1.PolicyRule) { r.Namespaces = []string{"shop", "shop-*"} }),
			`rules[0].namespaces[1]: "shop-*" is not the name of a namespace`},
		{"a service account in upper case", own(func(r *v1alpha1.PolicyRule) { r.ServiceAccounts = []string{"Cart"} }),
			`rules[0].serviceAccounts[0]: "Cart" is not the name of a service account`},
		{"a usage that is not one of the two", own(func(r *v1alpha1.PolicyRule) { r.Usages = []string{"digital signature"} }),
			`rules[0].usages[0]: "digital signature" is not one of "server auth", "client auth"`},
		{"a key that is not known", own(func(r *v1alpha1.PolicyRule) { r.Keys = []string{"P-256", "p-384"} }),
			`rules[0].keys[1]: "p-384" is not one of "P-256", "P-384", "RSA-2048", "RSA-3072", "RSA-4096"`},
		{"a lifetime longer than a root's", own(func(r *v1alpha1.PolicyRule) { r.MaxLifetime.Duration = 100000 * time.Hour }),
			`rules[0].maxLifetime: 100000h0m0s is not between 1m0s and 87600h0m0s`},
		{"DNS names for anybody", serving(func(r *v1alpha1.PolicyRule) { r.Requesters = nil }),
			`rules[1].requesters: is missing; a rule for DNS names has to list its requesters`},
		{"DNS names with namespaces", serving(func(r *v1alpha1.PolicyRule) { r.Namespaces = []string{"*"} }), `rules[1].namespaces: cannot be combined with dnsNames`},
		{"DNS names with service accounts", serving(func(r *v1alpha1.PolicyRule) { r.ServiceAccounts = []string{"*"} }), `rules[1].serviceAccounts: cannot be combined with dnsNames`},
		{"a wildcard", serving(func(r *v1alpha1.PolicyRule) { r.DNSNames = []string{"*.svc"} }), `rules[1].dnsNames[0]: "*.svc" is not a host name in lower case`},
		{"an IP address", serving(func(r *v1alpha1.PolicyRule) { r.DNSNames = []string{"10.0.0.1"} }), `rules[1].dnsNames[0]: "10.0.0.1" is not a host name in lower case`},
		{"DNS names for clients", serving(func(r *v1alpha1.PolicyRule) { r.Usages = []string{"client auth"} }),
			`rules[1].usages[0]: "client auth" is not "server auth", the only one for DNS names`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			spec := ownPolicy()
			spec.Rules = append(spec.Rules, servingRule("serving"))
			test.change(&spec)
			policy, err := csr.NewPolicy(spec)
			if err == nil || policy != nil {
				t.Fatal("it is accepted")
			}
			if diff := cmp.Diff("csr: policy: "+test.want, err.Error()); diff != "" {
				t.Errorf("the error is (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewPolicy_ReportsAllErrors(t *testing.T) {
	t.Parallel()
	_, err := csr.NewPolicy(v1alpha1.Policy{
		TrustDomains:    []string{"A"},
		DefaultLifetime: metav1.Duration{Duration: 1},
		Rules: []v1alpha1.PolicyRule{
			{Name: "a", Identities: v1alpha1.AnyIdentity, Keys: []string{"DSA"}},
			{Name: "a"},
		},
	})
	want := []string{
		"defaultLifetime", "trustDomains[0]", "rules[0].requesters", "rules[0].namespaces", "rules[0].serviceAccounts", "rules[0].keys[0]",
		"rules[1].name", "rules[1]",
	}
	if err == nil {
		t.Fatal("it is accepted")
	}
	var got []string
	for line := range strings.Lines(strings.TrimPrefix(err.Error(), "csr: policy: ")) {
		path, _, _ := strings.Cut(line, ":")
		got = append(got, path)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the fields are (-want +got):\n%s\n%v", diff, err)
	}
}

func TestNewPolicy_CopiesItsInput(t *testing.T) {
	t.Parallel()
	spec := ownPolicy()
	spec.SystemNamespaces = []string{"platform"}
	rule := &spec.Rules[0]
	rule.Requesters = []v1alpha1.ServiceAccount{{Namespace: "shop", Name: "cart"}}
	rule.Namespaces, rule.ServiceAccounts = []string{"shop"}, []string{"cart"}
	rule.Usages, rule.Keys = []string{"server auth", "client auth"}, []string{"P-256"}
	serving := servingRule("serving")
	spec.Rules = append(spec.Rules, serving)
	policy := catest.Must(csr.NewPolicy(spec))(t)

	spec.TrustDomains[0], spec.SystemNamespaces[0] = "evil.example", "shop"
	rule.Requesters[0] = istiod()
	rule.Namespaces[0], rule.ServiceAccounts[0], rule.Usages[0], rule.Keys[0] = "x", "x", "x", "x"
	serving.DNSNames[0] = "x"
	if d := policy.Evaluate(cart(t)); d.Rule != "own" {
		t.Error(d.Summary())
	}
	server := cart(t)
	server.Requester, server.Usages = requester("istio-system", "istiod"), []string{"server auth"}
	server.CSR = signedFor(t, &csr.Names{DNSNames: []string{"istiod.istio-system.svc"}})
	if d := policy.Evaluate(server); d.Rule != "serving" {
		t.Error(d.Summary())
	}
}

func TestNewPolicy_Defaults(t *testing.T) {
	t.Parallel()
	policy := catest.Must(csr.NewPolicy(ownPolicy()))(t)
	r := cart(t)
	r.Usages = nil
	if d := policy.Evaluate(r); !d.Allowed() || d.Grant.Lifetime != csr.DefaultLifetime || len(d.Grant.ExtKeyUsages) != 2 {
		t.Errorf("%s", d.Summary())
	}
	r.Lifetime = 1000 * time.Hour
	if d := policy.Evaluate(r); !d.Allowed() || d.Grant.Lifetime != csr.DefaultMaxLifetime {
		t.Errorf("%s", d.Summary())
	}
}
