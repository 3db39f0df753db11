package csr_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

func TestEvaluate_RefusesWithoutAPolicy(t *testing.T) {
	t.Parallel()
	var zero csr.Policy
	empty := catest.Must(csr.NewPolicy(v1alpha1.Policy{}))(t)
	for name, policy := range map[string]*csr.Policy{"the zero policy": &zero, "an empty policy": empty} {
		d := policy.Evaluate(cart(t))
		if want := "refused: any-rule: the policy is empty: it has no rules, so nothing is signed"; d.Allowed() || d.Summary() != want {
			t.Errorf("%s: %s", name, d.Summary())
		}
		if d := policy.Evaluate(csr.Request{}); d.Allowed() {
			t.Errorf("%s allows the zero request", name)
		}
	}
	if d := (csr.Decision{}); d.Allowed() || d.Summary() != "refused" {
		t.Errorf("the zero decision: %s", d.Summary())
	}
}

func TestEvaluate_AppliesTheFirstRuleThatAllows(t *testing.T) {
	t.Parallel()
	spec := ownPolicy()
	first, second := ownRule("first"), ownRule("second")
	first.Usages = []string{"server auth"}
	second.MaxLifetime.Duration = time.Hour
	spec.Rules = []v1alpha1.PolicyRule{first, second, ownRule("third")}
	policy := catest.Must(csr.NewPolicy(spec))(t)
	r := cart(t)
	r.Lifetime = 5 * time.Hour
	if d := policy.Evaluate(r); d.Rule != "second" || d.Grant.Lifetime != time.Hour {
		t.Errorf("%s", d.Summary())
	}
}

func TestEvaluate_ReturnsAllReasonsInOrder(t *testing.T) {
	t.Parallel()
	policies := readPolicies(t)
	r := cart(t)
	r.CSR = signedFor(t, &csr.Names{URIs: []string{"spiffe://evil.example/ns/kube-system/sa/default"}})
	r.Usages = append(r.Usages, "code signing")
	r.Lifetime = -time.Second
	want := []csr.Reason{
		{Check: csr.CheckUsages, Detail: `the usage "code signing" is not one of "digital signature", "key encipherment", "server auth", "client auth"`},
		{Check: csr.CheckLifetime, Detail: `the requested lifetime is -1s, shorter than 1m0s`},
		{Check: csr.CheckTrustDomain, Detail: `the trust domain "evil.example" is not one of the policy's: "cluster.local"`},
		{Check: csr.CheckRuleRequester, Rule: "istiod", Detail: "is not for the requester shop/cart"},
		{Check: csr.CheckRuleRequester, Rule: "istiod-serving", Detail: "is not for the requester shop/cart"},
		{Check: csr.CheckRuleOwnIdentity, Rule: "workloads", Detail: "is for the requester's own identity, but shop/cart requests that of kube-system/default"},
		{Check: csr.CheckRuleSystemNamespace, Rule: "workloads", Detail: `does not have the system namespace "kube-system" by name`},
	}
	d := policies["mesh"].Evaluate(r)
	if diff := cmp.Diff(want, d.Reasons); diff != "" {
		t.Errorf("the reasons are (-want +got):\n%s", diff)
	}
	if !strings.Contains(d.Summary(), `rule "workloads": rule-own-identity: is for`) {
		t.Errorf("the summary is %s", d.Summary())
	}
}

func TestEvaluate_BlamesNoRuleForAnInvalidRequest(t *testing.T) {
	t.Parallel()
	r := cart(t)
	r.Lifetime = time.Second
	d := readPolicies(t)["mesh"].Evaluate(r)
	if want := "refused: lifetime: the requested lifetime is 1s, shorter than 1m0s"; d.Summary() != want {
		t.Errorf("got %s, want %s", d.Summary(), want)
	}
}

func TestEvaluate_ShortensLifetimes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                            string
		requested, byDefault, max, want time.Duration
	}{
		{"less than the rule allows", 10 * time.Minute, 0, time.Hour, 10 * time.Minute},
		{"as much as the rule allows", time.Hour, 0, time.Hour, time.Hour},
		{"more than the rule allows", 2 * time.Hour, 0, time.Hour, time.Hour},
		{"ten years", 87600 * time.Hour, 0, time.Hour, time.Hour},
		{"the longest duration", 1<<63 - 1, 0, time.Hour, time.Hour},
		{"nothing", 0, 20 * time.Minute, time.Hour, 20 * time.Minute},
		{"nothing, where the default is longer than the rule allows", 0, 2 * time.Hour, time.Hour, time.Hour},
		{"less than the default", 10 * time.Minute, 20 * time.Minute, time.Hour, 10 * time.Minute},
		{"the shortest", csr.MinLifetime, 0, 0, csr.MinLifetime},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			spec := ownPolicy()
			spec.DefaultLifetime.Duration, spec.Rules[0].MaxLifetime.Duration = test.byDefault, test.max
			r := cart(t)
			r.Lifetime = test.requested
			d := catest.Must(csr.NewPolicy(spec))(t).Evaluate(r)
			if !d.Allowed() || d.Grant.Lifetime != test.want {
				t.Errorf("%s, want %s", d.Summary(), test.want)
			}
		})
	}
}

func TestEvaluate_ReturnsACopy(t *testing.T) {
	t.Parallel()
	policy := readPolicies(t)["mesh"]
	r := cart(t)
	r.Requester, r.Usages = requester("istio-system", "istiod"), nil
	r.Kind, r.Names = csr.KindPodCertificateRequest, &csr.Names{DNSNames: []string{"istiod.istio-system.svc"}}
	before := slices.Clone(r.CSR)
	first := policy.Evaluate(r)
	if !first.Allowed() {
		t.Fatal(first.Summary())
	}
	first.Grant.DNSNames[0], first.Grant.ExtKeyUsages[0], first.Grant.CSR[0] = "x", 0, 0
	second := policy.Evaluate(r)
	if !second.Allowed() || second.Grant.DNSNames[0] != "istiod.istio-system.svc" || second.Grant.ExtKeyUsages[0] == 0 || !reflect.DeepEqual(before, r.CSR) {
		t.Errorf("the next decision is %s", second.Summary())
	}
}

func TestSummary_IsOneShortLine(t *testing.T) {
	t.Parallel()
	policies := readPolicies(t)
	for _, c := range readCorpus(t) {
		for _, name := range []string{c.Policy, "mesh"} {
			checkWords(t, policies[name].Evaluate(catest.Must(c.Request())(t)))
		}
	}
}

func TestSummary_CountsOmittedReasons(t *testing.T) {
	t.Parallel()
	spec := ownPolicy()
	spec.Rules = nil
	for i := range 50 {
		rule := ownRule(strings.Repeat("r", i+1))
		rule.Requesters = []v1alpha1.ServiceAccount{istiod()}
		spec.Rules = append(spec.Rules, rule)
	}
	d := catest.Must(csr.NewPolicy(spec))(t).Evaluate(cart(t))
	checkWords(t, d)
	shown := strings.Count(d.Summary(), "rule-requester")
	if len(d.Reasons) != 50 || shown < 5 || !strings.HasSuffix(d.Summary(), fmt.Sprintf("; and %d more", 50-shown)) {
		t.Errorf("%d reasons, and the summary: %s", len(d.Reasons), d.Summary())
	}
}

// A request cannot forge or flood log lines.
func TestReason_QuotesAndCutsTextOfTheRequest(t *testing.T) {
	t.Parallel()
	policy := readPolicies(t)["own"]
	evil := "\n{\"level\":\"info\"}\x1b[2J\u202e" + strings.Repeat("A", 1<<20)
	r := cart(t)
	r.Kind = csr.Kind(evil)
	r.Requester.Username = evil
	r.Usages = []string{evil}
	r.Names = &csr.Names{URIs: []string{evil}, DNSNames: []string{evil}}
	d := policy.Evaluate(r)
	checkWords(t, d)
	if want := []string{"kind", "names", "requester", "usages"}; !slices.Equal(checksOf(d), want) {
		t.Errorf("refused by %v, want %v", checksOf(d), want)
	}
}
