package bench

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
)

const (
	issueRounds = 501
	issueBatch  = 20 // calls a round: short turns meet the same noise
)

// BenchmarkIssue compares an authority with a bare x509.CreateCertificate of the same
// certificate.
func BenchmarkIssue(b *testing.B) {
	h := newHierarchy(b)
	b.Run("intermediate", func(b *testing.B) {
		ratios := h.contest(b, h.intermediate)
		printLine(b, "%s", atMost(5, "times x509.CreateCertificate").judge(ratios))
	})
	b.Run("workload", func(b *testing.B) { h.contest(b, h.workload) })
}

// BenchmarkIssueParts measures the time and the memory of each part. Prepare of an
// intermediate is the throwaway signature, a parse, and the chain rules without
// those of the root. Issue is the signature and a parse. The requester has made the key
// before. crypto/x509 verifies each signature as soon as it is made.
func BenchmarkIssueParts(b *testing.B) {
	h := newHierarchy(b)
	intermediate := h.issue(b, h.intermediate)
	chain := []*x509.Certificate{intermediate, h.root.Certificate()}
	throwaway := newKey(b)
	standIn := *h.root.Certificate()
	standIn.PublicKey = throwaway.Public()

	part := func(name string, f func() error) { b.Run(name, func(b *testing.B) { measure(b, f) }) }
	part("make-the-key", func() error { _, err := ca.GenerateKey(ca.P256); return err })
	part("intermediate/throwaway-sign", func() error { return bareSign(intermediate, &standIn, throwaway) })
	part("intermediate/parse", func() error { _, err := x509.ParseCertificate(intermediate.Raw); return err })
	part("intermediate/chain-rules-with-root", func() error { return verify(chain) })
	part("intermediate/chain-rules-of-root", func() error { return verify(chain[1:]) })
	part("intermediate/sign", func() error { return bareSign(intermediate, h.root.Certificate(), h.key) })
	part("intermediate/prepare", func() error { _, err := h.root.Prepare(h.intermediate.profile, h.intermediate.request); return err })
	part("intermediate/prepare-and-issue", func() error { _, err := h.redeem(h.intermediate); return err })
	part("workload/prepare-and-issue", func() error { _, err := h.redeem(h.workload); return err })
}

// hierarchy is a root, and the requests that it gets.
type hierarchy struct {
	key                    crypto.Signer
	root                   *ca.Authority
	intermediate, workload order
}

type order struct {
	profile ca.Profile
	request ca.Request
}

func newHierarchy(b *testing.B) *hierarchy {
	key := newKey(b)
	root, err := ca.NewRoot(ca.RootOptions{Key: key, Organization: "cluster.local"})
	must(b, err)
	intermediate, err := ca.Intermediate(ca.IntermediateOptions{})
	must(b, err)
	workload, err := ca.Workload(ca.WorkloadOptions{})
	must(b, err)
	id := spiffeid.RequireFromString("spiffe://cluster.local/ns/default/sa/reviews")
	return &hierarchy{
		key:          key,
		root:         root,
		intermediate: order{intermediate, ca.Request{PublicKey: newKey(b).Public(), CommonName: "east"}},
		workload:     order{workload, ca.Request{PublicKey: newKey(b).Public(), SPIFFEID: id}},
	}
}

func (h *hierarchy) redeem(o order) (*x509.Certificate, error) {
	draft, err := h.root.Prepare(o.profile, o.request)
	if err != nil {
		return nil, err
	}
	return h.root.Issue(draft)
}

func (h *hierarchy) issue(b *testing.B, o order) *x509.Certificate {
	cert, err := h.redeem(o)
	must(b, err)
	return cert
}

// contest reports the time of Prepare and Issue as a multiple of the signature alone. The
// parsed certificate is the template, so that both sign the same bytes.
func (h *hierarchy) contest(b *testing.B, o order) series {
	template, parent := h.issue(b, o), h.root.Certificate()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, template.PublicKey, h.key)
	must(b, err)
	if twin, err := x509.ParseCertificate(der); err != nil || !bytes.Equal(twin.RawTBSCertificate, template.RawTBSCertificate) {
		b.Fatalf("the contestants make different certificates (%v)", err)
	}
	measured := interleave(issueRounds,
		func() float64 { return perCall(b, func() error { _, err := h.redeem(o); return err }) },
		func() float64 { return perCall(b, func() error { return bareSign(template, parent, h.key) }) })
	authority, bare := series(measured[0]), series(measured[1])
	ratios := authority.over(bare)
	report(b, ratios, "times-bare")
	printLine(b, "Prepare and Issue: %v µs, x509.CreateCertificate: %v µs", authority.times(1e6), bare.times(1e6))
	printLine(b, "the two phases take %v times as long", ratios)
	return ratios
}

func bareSign(template, parent *x509.Certificate, key crypto.Signer) error {
	_, err := x509.CreateCertificate(rand.Reader, template, parent, template.PublicKey, key)
	return err
}

func verify(chain []*x509.Certificate) error {
	if violations := ca.VerifyIntermediate(chain, ca.VerifyOptions{}); len(violations) > 0 {
		return violations[0]
	}
	return nil
}

// perCall is the time of one call in seconds.
func perCall(b *testing.B, f func() error) float64 {
	begin := time.Now()
	for range issueBatch {
		must(b, f())
	}
	return time.Since(begin).Seconds() / issueBatch
}

// measure is an ordinary benchmark of one function.
func measure(b *testing.B, f func() error) {
	b.ReportAllocs()
	for b.Loop() {
		must(b, f())
	}
}

func newKey(b *testing.B) crypto.Signer {
	key, err := ca.GenerateKey(ca.P256)
	must(b, err)
	return key
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
