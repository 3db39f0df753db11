package bench

import (
	"crypto"
	"crypto/x509"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/local"
)

// BenchmarkObtain compares issuer.Obtain, which gets a certificate from an issuer in this
// process and verifies it, with a bare x509.CreateCertificate of the same leaf.
func BenchmarkObtain(b *testing.B) {
	s := newSigner(b)
	template, parent := s.leaf(b)[0], s.authority.Certificate()
	measured := interleave(issueRounds,
		func() float64 { return perCall(b, func() error { _, err := s.obtain(b); return err }) },
		func() float64 { return perCall(b, func() error { return bareSign(template, parent, s.key) }) })
	obtained, bare := series(measured[0]), series(measured[1])
	ratios := obtained.over(bare)
	report(b, ratios, "times-bare")
	printLine(b, "Obtain: %v µs, x509.CreateCertificate: %v µs", obtained.times(1e6), bare.times(1e6))
	printLine(b, "%s", atMost(2.5, "times x509.CreateCertificate").judge(ratios))
}

// BenchmarkObtainParts measures the time and the memory of each part of Obtain. It issues,
// which is a signature and a parse, and then checks the chain against the rules, which
// verifies the signatures of the leaf and of the intermediate. The root's is not verified.
func BenchmarkObtainParts(b *testing.B) {
	s := newSigner(b)
	chain := s.leaf(b)
	part := func(name string, f func() error) { b.Run(name, func(b *testing.B) { measure(b, f) }) }
	part("all", func() error { _, err := s.obtain(b); return err })
	part("issue", func() error { _, err := s.issuer.Issue(b.Context(), s.request); return err })
	part("issue/sign", func() error { return bareSign(chain[0], chain[1], s.key) })
	part("issue/parse", func() error { _, err := x509.ParseCertificate(chain[0].Raw); return err })
	part("rules", func() error { return s.verify(chain) })
	part("rules/signature-of-leaf", func() error { return chain[0].CheckSignatureFrom(chain[1]) })
	part("rules/signature-of-intermediate", func() error { return chain[1].CheckSignatureFrom(chain[2]) })
}

// signer is an issuer with an intermediate, and the request that it gets.
type signer struct {
	key       crypto.Signer
	authority *ca.Authority
	issuer    issuer.Issuer
	request   issuer.Request
	options   issuer.ObtainOptions
}

func newSigner(b *testing.B) *signer {
	root := newHierarchy(b)
	key := newKey(b)
	root.intermediate.request.PublicKey = key.Public()
	chain := []*x509.Certificate{root.issue(b, root.intermediate), root.root.Certificate()}
	authority, err := ca.Load(key, chain, nil)
	must(b, err)
	made, err := local.New(authority, local.Options{})
	must(b, err)
	return &signer{
		key:       key,
		authority: authority,
		issuer:    made,
		request: issuer.Request{
			PublicKey:    newKey(b).Public(),
			SPIFFEID:     spiffeid.RequireFromString("spiffe://cluster.local/ns/default/sa/reviews"),
			ExtKeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
			Lifetime:     time.Hour,
		},
		options: issuer.ObtainOptions{Roots: chain[1:]},
	}
}

func (s *signer) obtain(b *testing.B) (*issuer.Chain, error) {
	return issuer.Obtain(b.Context(), s.issuer, s.request, s.options)
}

func (s *signer) leaf(b *testing.B) []*x509.Certificate {
	chain, err := s.obtain(b)
	must(b, err)
	return chain.Certificates
}

func (s *signer) verify(chain []*x509.Certificate) error {
	if violations := ca.VerifyLeaf(chain, ca.VerifyOptions{Roots: s.options.Roots}); len(violations) > 0 {
		return violations[0]
	}
	return nil
}
