package bench

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net/url"
	"testing"

	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// BenchmarkEvaluate measures an evaluation of a CSR, without the time to verify the
// signature of the CSR, which no evaluation can avoid.
func BenchmarkEvaluate(b *testing.B) {
	policy, request, parsed := newDecision(b)
	measured := interleave(issueRounds,
		func() float64 { return perCall(b, func() error { return decide(policy, request) }) },
		func() float64 { return perCall(b, parsed.CheckSignature) })
	all, signature := series(measured[0]), series(measured[1])
	rest := make(series, len(all))
	for i := range all {
		rest[i] = (all[i] - signature[i]) * 1e6
	}
	report(b, rest, "µs-without-signature")
	printLine(b, "Evaluate: %v µs, the signature of the CSR alone: %v µs", all.times(1e6), signature.times(1e6))
	printLine(b, "%s", atMost(60, "µs without the signature").judge(rest))
}

// BenchmarkEvaluateParts measures the time and the memory of an evaluation, and of the
// parts of it that do not depend on the policy.
func BenchmarkEvaluateParts(b *testing.B) {
	policy, request, parsed := newDecision(b)
	part := func(name string, f func() error) { b.Run(name, func(b *testing.B) { measure(b, f) }) }
	part("all", func() error { return decide(policy, request) })
	part("signature", parsed.CheckSignature)
	part("parse", func() error { _, err := x509.ParseCertificateRequest(parsed.Raw); return err })
}

func decide(p *csr.Policy, r csr.Request) error {
	if d := p.Evaluate(r); !d.Allowed() {
		return errors.New(d.Summary())
	}
	return nil
}

// newDecision returns a request that istiod sends for a workload, and a policy with a rule
// for workloads and one for istiod's own names.
func newDecision(b *testing.B) (*csr.Policy, csr.Request, *x509.CertificateRequest) {
	istiod := []v1alpha1.ServiceAccount{{Namespace: "istio-system", Name: "istiod"}}
	policy, err := csr.NewPolicy(v1alpha1.Policy{
		TrustDomains: []string{"cluster.local"},
		Rules: []v1alpha1.PolicyRule{
			{Name: "istiod", Requesters: istiod, DNSNames: []string{"istiod.istio-system.svc"}},
			{
				Name: "workloads", Requesters: istiod, Identities: v1alpha1.AnyIdentity,
				Namespaces: []string{"*"}, ServiceAccounts: []string{"*"},
			},
		},
	})
	must(b, err)
	id := &url.URL{Scheme: "spiffe", Host: "cluster.local", Path: "/ns/default/sa/reviews"}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{URIs: []*url.URL{id}}, newKey(b))
	must(b, err)
	parsed, err := x509.ParseCertificateRequest(der)
	must(b, err)
	return policy, csr.Request{
		Kind: csr.KindCertificateSigningRequest,
		Requester: csr.Requester{
			Username: "system:serviceaccount:istio-system:istiod",
			Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:istio-system", "system:authenticated"},
		},
		CSR:    pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}),
		Usages: []string{"digital signature", "key encipherment", "server auth", "client auth"},
	}, parsed
}
