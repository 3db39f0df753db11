package csr_test

import (
	"path/filepath"
	"testing"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/csr"
)

// BenchmarkEvaluate decides about requests of istiod and workloads.
func BenchmarkEvaluate(b *testing.B) {
	cases, policy := readCorpus(b), readPolicies(b)["mesh"]
	for _, what := range []struct{ name, file string }{
		{"P-256", "valid/pilot-agent-through-istiod-p-256-with-an-empty-organization.yaml"},
		{"RSA-2048", "valid/pilot-agent-through-istiod-rsa-2048-with-an-empty-organization.yaml"},
		{"last-rule", "valid/a-workload-for-itself.yaml"},
		{"refused", "hostile/a-workload-that-requests-the-identity-of-istiod.yaml"},
		{"101-names", "hostile/more-dns-names-than-a-server-can-have.yaml"},
	} {
		r := catest.Must(cases[filepath.Join(corpusDir, what.file)].Request())(b)
		for _, with := range []struct {
			name     string
			evaluate func(csr.Request) csr.Decision
		}{{"all", policy.Evaluate}, {"without-signature", policy.WithoutSignature()}} {
			b.Run(what.name+"/"+with.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					with.evaluate(r)
				}
			})
		}
	}
}
