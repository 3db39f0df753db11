package e2e_test

import (
	"crypto/x509"
	"slices"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/test/e2e/istiod"
)

// TestVerifiers_CrossCertificates shows who accepts what a root issued that another one has
// cross-signed: the next root of a mesh, or the root of another mesh.
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

// by is the chain over the cross-certificate.
func (s succession) by(name string, want verdict, trusts ...*x509.Certificate) judgement {
	return judgement{name: name, issuer: s.east.by(s.cross), trusts: trusts, want: want}
}

func (s succession) trusted() []judgement {
	old, next := s.old.Certificate(), s.next.Certificate()
	return []judgement{
		s.by("a workload, who trusts the old root", all(accepted), old),
		s.by("a workload, who trusts the new root", all(accepted), next),
		s.by("a workload, who trusts both roots", all(accepted), old, next),
		s.by("istiod, who trusts the old root", all(accepted), old).of(istiod.ServerName),
		s.by("istiod, who trusts the new root", all(accepted), next).of(istiod.ServerName),
		{name: "no cross-certificate, who trusts the old root", issuer: s.east.byHand(), trusts: s.old.Chain(), want: all(unknownRoot)},
	}
}

// limited is about path lengths that are too small. An old root that has one signs no
// cross-certificate with us, so the one here comes from its twin without a path length.
func (s succession) limited(t *testing.T) []judgement {
	var roots []*x509.Certificate
	for pathLen := range 3 {
		root := s.old.byHand().reissue(t, s.old.Certificate(), limitTo(pathLen))
		imported, _, err := ca.LoadImported(s.old.key, []*x509.Certificate{root}, s.old.now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := imported.CrossSign(s.next.Certificate(), ca.CrossSignOptions{}); pathLen < 2 || err != nil {
			wantRule(t, err, ca.RulePathLength)
		}
		roots = append(roots, root)
	}
	short := s.old.byHand().reissue(t, s.cross, limitTo(0))
	return []judgement{
		s.by("the old root has path length 0", all(tooLong).but(accepted, byRustls), roots[0]).because(limitsNoRoot),
		s.by("the old root has path length 1", all(tooLong).but(accepted, byRustls), roots[1]).because(limitsNoRoot),
		s.by("the old root has path length 2", all(accepted), roots[2]),
		s.by("the old root has path length 1, who trusts both roots", all(accepted).but(tooLong, byGnuTLS), roots[1], s.next.Certificate()).
			because(followsTheChain),
		{name: "the cross-certificate has path length 0", issuer: s.east.by(short), trusts: s.old.Chain(), want: all(tooLong)},
	}
}

// How libraries differ about ways to a root.
const (
	limitsNoRoot    = "to rustls a trusted root is a name and a key; it enforces the path lengths of other CAs"
	followsTheChain = "GnuTLS goes to the end of the chain that it is shown, others to the first trusted root"
	needsKeyIDs     = "a certificate with one name for issuer and subject passes for self-signed; Go and rustls try the keys"
)

func limitTo(pathLen int) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = pathLen, pathLen == 0 }
}

// underOneName is about an old and a new root that share a name, which ours never do. crypto/x509 gives
// no authority key identifier to a certificate whose issuer and subject are called the same.
func (s succession) underOneName(t *testing.T) []judgement {
	next := s.old.namesake(t)
	_, err := s.old.CrossSign(next.cert, ca.CrossSignOptions{})
	wantRule(t, err, ca.RuleDistinctNames)

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
		by("both roots have one name, who trusts the old root", id, all(accepted), s.old.Certificate()),
		by("both roots have one name, who trusts the new root", id, all(accepted), next.cert),
		by("both roots have one name and no key identifiers, who trusts the old root", nil, broken, s.old.Certificate()).
			because(needsKeyIDs),
		by("both roots have one name and no key identifiers, who trusts the new root", nil, all(accepted), next.cert),
	}
}

// foreignMesh is about the root of another mesh, that may vouch for its own trust domain alone.
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
		s.by("another mesh, one of its own and of ours", all(notPermitted).but(accepted, byGnuTLS), root).of(theirs, checkoutID).because(overlooksURIs),
		s.by("another mesh, a workload of a sub-domain", subdomain(), root).of("spiffe://sub." + domain + "/ns/shop/sa/cart").because(readsSubdomains),
		s.by("another mesh, our istiod", all(excluded), root).of(istiod.ServerName),
		s.by("another mesh, a workload of its own that is our istiod", all(excluded), root).of(theirs, istiod.ServerName),
		s.by("another mesh, a host of its own", all(excluded), root).of(domain),
		s.by("another mesh, an IPv4 address", all(excluded).but(badConstraint, byBoringSSL), root).of("10.0.0.1").because(knowsNoIPs),
		s.by("another mesh, an IPv6 address", all(excluded).but(badConstraint, byBoringSSL), root).of("fd00::1").because(knowsNoIPs),
		s.by("another mesh, a workload of its own, who trusts its root", all(accepted), other.Certificate()).of(theirs),
		s.by("another mesh, its istiod, who trusts its root", all(accepted), other.Certificate()).of(istiod.ServerName),
	}
}
