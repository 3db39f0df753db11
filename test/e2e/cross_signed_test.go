package e2e_test

import (
	"crypto/x509"
	"slices"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/test/e2e/istiod"
)

// TestVerifiers_CrossCertificates shows which verifiers accept chains by a cross-certificate: of
// the next root of a mesh, and of the root of another mesh.
func TestVerifiers_CrossCertificates(t *testing.T) {
	t.Parallel()
	s := newSuccession(t)
	judge(t, slices.Concat(s.trusted(), s.limited(t), s.underOneName(t), foreignMesh(t)))
}

// A succession is a mesh whose old root has cross-signed the next one, and a cluster below that.
type succession struct {
	old, next, east localCA
	cross           *x509.Certificate
}

func newSuccession(t *testing.T) succession {
	t.Helper()
	old, next := newLocalRoot(t, "old"), newLocalRoot(t, "next")
	return succession{old: old, next: next, east: next.below(t, "east", ca.IntermediateOptions{}), cross: old.crossSign(t, next, nil)}
}

// by is a chain by the cross-certificate.
func (s succession) by(name string, want verdict, trusts ...*x509.Certificate) judgement {
	return judgement{name: name, issuer: s.east.by(s.cross), trusts: trusts, want: want}
}

func (s succession) trusted() []judgement {
	old, next := s.old.Certificate(), s.next.Certificate()
	return []judgement{
		s.by("a workload, old root trusted", all(accepted), old),
		s.by("a workload, new root trusted", all(accepted), next),
		s.by("a workload, both roots trusted", all(accepted), old, next),
		s.by("istiod, old root trusted", all(accepted), old).of(istiod.ServerName),
		s.by("istiod, new root trusted", all(accepted), next).of(istiod.ServerName),
		{name: "no cross-certificate, old root trusted", issuer: s.east.byHand(), trusts: s.old.Chain(), want: all(unknownRoot)},
	}
}

// limited is about path lengths that are too small. The program cross-signs nothing with a root
// that has one, so the cross-certificate comes from a copy of the root without a path length.
func (s succession) limited(t *testing.T) []judgement {
	var roots []*x509.Certificate
	for pathLen := range 3 {
		root := s.old.byHand().reissue(t, s.old.Certificate(), limitTo(pathLen))
		imported, _, err := ca.LoadImported(s.old.key, []*x509.Certificate{root}, s.old.now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := imported.CrossSign(s.next.Certificate(), ca.CrossSignOptions{}); pathLen < 2 || err != nil {
			assertRule(t, err, ca.RulePathLength)
		}
		roots = append(roots, root)
	}
	short := s.old.byHand().reissue(t, s.cross, limitTo(0))
	return []judgement{
		s.by("the old root has path length 0", all(tooLong).but(accepted, byRustls), roots[0]).because(limitsNoRoot),
		s.by("the old root has path length 1", all(tooLong).but(accepted, byRustls), roots[1]).because(limitsNoRoot),
		s.by("the old root has path length 2", all(accepted), roots[2]),
		s.by("the old root has path length 1, both roots trusted", all(accepted).but(tooLong, byGnuTLS), roots[1], s.next.Certificate()).
			because(followsTheChain),
		{name: "the cross-certificate has path length 0", issuer: s.east.by(short), trusts: s.old.Chain(), want: all(tooLong)},
	}
}

// How libraries differ in building a path to a root.
const (
	limitsNoRoot    = "rustls reduces a trusted root to name and key; it enforces path lengths of other CAs only"
	followsTheChain = "GnuTLS verifies up to the end of the presented chain, others up to the first trusted root"
	needsKeyIDs     = "a certificate with the same issuer and subject is taken as self-signed; Go and rustls try the keys"
)

func limitTo(pathLen int) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = pathLen, pathLen == 0 }
}

// underOneName is about an old and a new root with one name, which the program refuses to
// create. crypto/x509 adds no authority key identifier to a certificate with the same issuer and
// subject.
func (s succession) underOneName(t *testing.T) []judgement {
	next := s.old.namesake(t)
	_, err := s.old.CrossSign(next.cert, ca.CrossSignOptions{})
	assertRule(t, err, ca.RuleDistinctNames)

	by := func(name string, keyID []byte, want verdict, trusts *x509.Certificate) judgement {
		cross := s.old.byHand().reissue(t, s.cross, func(c *x509.Certificate) {
			c.RawSubject, c.PublicKey, c.SubjectKeyId, c.AuthorityKeyId = next.cert.RawSubject, next.cert.PublicKey, next.cert.SubjectKeyId, keyID
		})
		issuer := next.subordinate(t, intermediateTemplate(0))
		issuer.chain = concat(issuer.cert, cross)
		return judgement{name: name, issuer: issuer, trusts: []*x509.Certificate{trusts}, want: want}
	}
	id := s.old.Certificate().SubjectKeyId
	broken := all(accepted).but(unknownRoot, byOpenSSL, byGnuTLS, byBoringSSL)
	return []judgement{
		by("both roots have one name, old root trusted", id, all(accepted), s.old.Certificate()),
		by("both roots have one name, new root trusted", id, all(accepted), next.cert),
		by("both roots have one name and no key identifiers, old root trusted", nil, broken, s.old.Certificate()).
			because(needsKeyIDs),
		by("both roots have one name and no key identifiers, new root trusted", nil, all(accepted), next.cert),
	}
}

// foreignMesh is about the root of another mesh, constrained to its own trust domain.
func foreignMesh(t *testing.T) []judgement {
	const domain = "other.example.org"
	const theirs = "spiffe://" + domain + "/ns/shop/sa/cart"
	ours, other := newLocalRoot(t, "ours"), newLocalRoot(t, "other")
	s := succession{old: ours, next: other, east: other.below(t, "east", ca.IntermediateOptions{})}
	s.cross = ours.crossSign(t, other, &ca.ForeignMesh{TrustDomain: domain, OwnTrustDomain: "cluster.local"})
	root := ours.Certificate()
	return []judgement{
		s.by("another mesh, a workload of its own", all(accepted).but(refused, byRustls), root).of(theirs).because(refusesURIs),
		s.by("another mesh, a workload of ours", all(notPermitted).but(accepted, byGnuTLS), root).of(checkoutID).because(overlooksURIs),
		s.by("another mesh, a workload with names of both", all(notPermitted).but(accepted, byGnuTLS), root).of(theirs, checkoutID).because(overlooksURIs),
		s.by("another mesh, a workload of a sub-domain", subdomain(), root).of("spiffe://sub." + domain + "/ns/shop/sa/cart").because(readsSubdomains),
		s.by("another mesh, our istiod", all(excluded), root).of(istiod.ServerName),
		s.by("another mesh, a workload of its own that is our istiod", all(excluded), root).of(theirs, istiod.ServerName),
		s.by("another mesh, a host of its own", all(excluded), root).of(domain),
		s.by("another mesh, an IPv4 address", all(excluded).but(badConstraint, byBoringSSL), root).of("10.0.0.1").because(knowsNoIPs),
		s.by("another mesh, an IPv6 address", all(excluded).but(badConstraint, byBoringSSL), root).of("fd00::1").because(knowsNoIPs),
		s.by("another mesh, a workload of its own, its root trusted", all(accepted), other.Certificate()).of(theirs),
		s.by("another mesh, its istiod, its root trusted", all(accepted), other.Certificate()).of(istiod.ServerName),
	}
}
