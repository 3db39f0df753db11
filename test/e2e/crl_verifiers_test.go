package e2e_test

import (
	"slices"
	"testing"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/test/e2e/istiod"
)

// TestVerifiers_CRLs shows the results of verifiers for complete CRL bundles, which istiod and
// Envoy require, and for others.
func TestVerifiers_CRLs(t *testing.T) {
	t.Parallel()
	root := newLocalRoot(t, "root")
	issuing := root.below(t, "issuing", ca.IntermediateOptions{PathLen: 1})
	f := revocationFabric{
		root:    root,
		east:    root.below(t, "east", ca.IntermediateOptions{}),
		renewed: root.below(t, "east", ca.IntermediateOptions{}),
		west:    root.below(t, "west", ca.IntermediateOptions{}),
		issuing: issuing,
		south:   issuing.below(t, "south", ca.IntermediateOptions{}),
	}
	judge(t, slices.Concat(f.complete(t), f.revoked(t), f.missing(t), f.outdated(t), f.underOneName(t), belowABareRoot(t), crossRevocations(t)))
}

// A revocationFabric has clusters below a root, one of them below an issuing CA.
type revocationFabric struct {
	root, east, renewed, west localCA // renewed is the successor of east
	issuing, south            localCA
}

// How libraries differ about CRLs. GnuTLS is tested by certtool; a program may require more of it.
const (
	asksForNone    = "GnuTLS checks the CRLs that it gets, and requires no others"
	knowsNoExpiry  = "GnuTLS ignores nextUpdate"
	takesAll       = "GnuTLS does not verify the signatures of CRLs"
	takesTheLatest = "OpenSSL and BoringSSL use the first CRL of the latest thisUpdate, whatever its number; GnuTLS checks each"
)

// byCRLs is the verdict of libraries that check CRLs. crypto/x509 has no API for CRLs; deno
// reads them without using them.
func byCRLs(o opinion) verdict { return all(o).but(unchecked, byGo, byRustls) }

// below is a chain of an issuer in the fabric.
func (f revocationFabric) below(name string, issuer localCA, want verdict, lists ...[]byte) judgement {
	return judgement{name: name, issuer: issuer.byHand(), trusts: f.root.Chain(), crls: slices.Concat(lists...), want: want}
}

func (f revocationFabric) complete(t *testing.T) []judgement {
	want := byCRLs(accepted)
	return []judgement{
		f.below("a CRL of each CA", f.east, want, emptyCRLs(t, f.root, f.east)),
		f.below("a CRL of each CA, istiod", f.east, want, emptyCRLs(t, f.root, f.east)).of(istiod.ServerName),
		f.below("a CRL of each CA of the fabric, in another order", f.east, want, emptyCRLs(t, f.south, f.west, f.issuing, f.east, f.root)),
		f.below("three levels, a CRL of each CA", f.south, want, emptyCRLs(t, f.root, f.issuing, f.south)),
	}
}

func (f revocationFabric) revoked(t *testing.T) []judgement {
	east := slices.Concat(f.root.revoking(t, f.east.Certificate()), emptyCRLs(t, f.east, f.west))
	return []judgement{
		f.below("the intermediate is revoked", f.east, byCRLs(revoked), east),
		f.below("the intermediate is revoked, istiod", f.east, byCRLs(revoked), east).of(istiod.ServerName),
		f.below("the intermediate of another cluster is revoked", f.west, byCRLs(accepted), east),
		f.below("three levels, the issuing CA is revoked", f.south, byCRLs(revoked),
			f.root.revoking(t, f.issuing.Certificate()), emptyCRLs(t, f.issuing, f.south)),
		f.below("three levels, the intermediate is revoked", f.south, byCRLs(revoked),
			f.issuing.revoking(t, f.south.Certificate()), emptyCRLs(t, f.root, f.south)),
	}
}

func (f revocationFabric) missing(t *testing.T) []judgement {
	want := byCRLs(noCRL).but(accepted, byGnuTLS)
	return []judgement{
		f.below("no CRL of the intermediate", f.east, want, emptyCRLs(t, f.root, f.west)).because(asksForNone),
		f.below("no CRL of the root", f.east, want, emptyCRLs(t, f.east, f.west)).because(asksForNone),
		f.below("three levels, no CRL of the intermediate", f.south, want, emptyCRLs(t, f.root, f.issuing)).because(asksForNone),
		f.below("three levels, no CRL of the issuing CA", f.south, want, emptyCRLs(t, f.root, f.south)).because(asksForNone),
		f.below("three levels, no CRL of the root", f.south, want, emptyCRLs(t, f.issuing, f.south)).because(asksForNone),
		f.below("a superseded intermediate, the CRL of its successor alone", f.east, want, emptyCRLs(t, f.root, f.renewed)).because(asksForNone),
		f.below("a successor, no CRL of the superseded intermediate", f.renewed, byCRLs(accepted), emptyCRLs(t, f.root, f.renewed)),
	}
}

func (f revocationFabric) outdated(t *testing.T) []judgement {
	expired := ca.CRLOptions{NextUpdate: time.Now().Add(-time.Hour)}
	revoking := ca.CRLOptions{NextUpdate: expired.NextUpdate, Revoked: f.root.stolen(f.east.Certificate())}
	want := byCRLs(expiredCRL)
	return []judgement{
		f.below("the intermediate's CRL has expired", f.east, want.but(accepted, byGnuTLS),
			emptyCRLs(t, f.root), f.east.crl(t, expired)).because(knowsNoExpiry),
		f.below("the root's CRL has expired", f.east, want.but(accepted, byGnuTLS),
			f.root.crl(t, expired), emptyCRLs(t, f.east)).because(knowsNoExpiry),
		f.below("the root's expired CRL revokes the intermediate", f.east, want.but(revoked, byGnuTLS),
			f.root.crl(t, revoking), emptyCRLs(t, f.east)).because(knowsNoExpiry),
		f.below("the root's revoking CRL follows one of the same second", f.east, byCRLs(accepted).but(revoked, byGnuTLS),
			emptyCRLs(t, f.root, f.east), f.root.revoking(t, f.east.Certificate())).because(takesTheLatest),
	}
}

// underOneName is about CRLs that another key signed under the name of a CA.
func (f revocationFabric) underOneName(t *testing.T) []judgement {
	east, root := f.east.namesake(t), f.root.namesake(t)
	return []judgement{
		f.below("another key under its name signed the intermediate's CRL", f.east, byCRLs(noCRL).but(accepted, byGnuTLS),
			emptyCRLs(t, f.root), east.revoke(t)).because(asksForNone),
		f.below("the intermediate's CRL follows one of another key under its name", f.east, byCRLs(accepted),
			east.revoke(t), emptyCRLs(t, f.root, f.east)),
		f.below("another key under the root's name revokes the intermediate", f.east, byCRLs(accepted).but(revoked, byGnuTLS),
			root.revoke(t, f.east.Certificate()), emptyCRLs(t, f.root, f.east)).because(takesAll),
	}
}

// belowABareRoot is about a root without a key usage, as openssl req -x509 makes it by default.
// OpenSSL, run with -x509_strict here, refuses the root after it has checked the CRL.
func belowABareRoot(t *testing.T) []judgement {
	t.Helper()
	root := newLocalRoot(t, "bare").bare(t)
	east := root.below(t, "east", ca.IntermediateOptions{})
	f := revocationFabric{root: root}
	return []judgement{
		f.below("a root without a key usage revokes the intermediate", east, byCRLs(revoked),
			root.revoking(t, east.Certificate()), emptyCRLs(t, east)),
	}
}

// crossRevocations are about a root that another root has cross-signed.
func crossRevocations(t *testing.T) []judgement {
	s := newSuccession(t)
	old, next := s.old.Certificate(), s.next.Certificate()
	withdrawn := slices.Concat(s.old.revoking(t, s.cross), emptyCRLs(t, s.next, s.east))
	return []judgement{
		s.by("cross-signed, a CRL of each CA", byCRLs(accepted), old).with(emptyCRLs(t, s.old, s.next, s.east)),
		s.by("cross-signed, no CRL of the new root", byCRLs(noCRL).but(accepted, byGnuTLS), old).
			with(emptyCRLs(t, s.old, s.east)).because(asksForNone),
		s.by("the cross-certificate is revoked", byCRLs(revoked), old).with(withdrawn),
		s.by("the cross-certificate is revoked, both roots trusted", byCRLs(accepted).but(revoked, byGnuTLS), old, next).
			with(withdrawn).because(followsTheChain),
	}
}
