package e2e_test

import (
	"cmp"
	"crypto"
	"crypto/x509"
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// A localCA is an authority of package ca, with its key: crypto/x509 signs with it what the
// authority refuses.
type localCA struct {
	*ca.Authority

	key crypto.Signer
	now func() time.Time
}

// newLocalRoot creates a root. Its clock, and that of all CAs below it, stays at yesterday, so
// that their CRLs can have expired.
func newLocalRoot(t *testing.T, name string) localCA {
	t.Helper()
	yesterday := time.Now().Add(-24 * time.Hour)
	now := func() time.Time { return yesterday }
	key := newKey(t)
	root, err := ca.NewRoot(ca.RootOptions{Key: key, CommonName: name, Organization: "cluster.local", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return localCA{root, key, now}
}

// below issues an intermediate.
func (a localCA) below(t *testing.T, name string, o ca.IntermediateOptions) localCA {
	t.Helper()
	key := newKey(t)
	profile, err := ca.Intermediate(o)
	if err != nil {
		t.Fatal(err)
	}
	draft, err := a.Prepare(profile, ca.Request{PublicKey: key.Public(), CommonName: name})
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.Issue(draft)
	if err != nil {
		t.Fatal(err)
	}
	below, _, err := ca.LoadImported(key, slices.Concat([]*x509.Certificate{cert}, a.Chain()), a.now)
	if err != nil {
		t.Fatal(err)
	}
	return localCA{below, key, a.now}
}

// bare is the same root without a key usage.
func (a localCA) bare(t *testing.T) localCA {
	t.Helper()
	cert := a.byHand().reissue(t, a.Certificate(), func(c *x509.Certificate) { c.KeyUsage = 0 })
	root, _, err := ca.LoadImported(a.key, []*x509.Certificate{cert}, a.now)
	if err != nil {
		t.Fatal(err)
	}
	return localCA{root, a.key, a.now}
}

// byHand is the same CA, signing with crypto/x509 alone, as istiod does.
func (a localCA) byHand() *authority {
	return &authority{cert: a.Certificate(), key: a.key, chain: concat(a.Chain()...), roots: concat(a.Root())}
}

// by is byHand with another chain above it.
func (a localCA) by(above ...*x509.Certificate) *authority {
	hand := a.byHand()
	hand.chain = concat(slices.Concat([]*x509.Certificate{a.Certificate()}, above)...)
	return hand
}

// crossSign certifies the key of another root.
func (a localCA) crossSign(t *testing.T, other localCA, foreign *ca.ForeignMesh) *x509.Certificate {
	t.Helper()
	cross, err := a.CrossSign(other.Certificate(), ca.CrossSignOptions{Foreign: foreign})
	if err != nil {
		t.Fatal(err)
	}
	return cross
}

// namesake is a root with the same name and its own key.
func (a localCA) namesake(t *testing.T) *authority {
	t.Helper()
	key, cert := newKey(t), *a.Certificate()
	cert.SerialNumber, cert.PublicKey = big.NewInt(1), key.Public()
	cert.SubjectKeyId, cert.AuthorityKeyId = nil, nil
	self := &authority{cert: &cert, key: key}
	self.cert = self.reissue(t, &cert, func(*x509.Certificate) {})
	self.chain, self.roots = concat(self.cert), concat(self.cert)
	return self
}

// crl returns a CRL of the authority in PEM.
func (a localCA) crl(t *testing.T, o ca.CRLOptions) []byte {
	t.Helper()
	o.Number = cmp.Or(o.Number, big.NewInt(1))
	list, err := a.CRL(o)
	if err != nil {
		t.Fatal(err)
	}
	return encode("X509 CRL", list.Raw)
}

// revoking returns the next CRL, with one entry.
func (a localCA) revoking(t *testing.T, cert *x509.Certificate) []byte {
	t.Helper()
	return a.crl(t, ca.CRLOptions{Number: big.NewInt(2), Revoked: a.stolen(cert)})
}

// stolen returns the entry of a certificate, with reason keyCompromise.
func (a localCA) stolen(cert *x509.Certificate) []x509.RevocationListEntry {
	return []x509.RevocationListEntry{{SerialNumber: cert.SerialNumber, RevocationTime: a.now(), ReasonCode: 1}}
}

// emptyCRLs returns a CRL without entries of each authority.
func emptyCRLs(t *testing.T, authorities ...localCA) []byte {
	t.Helper()
	var all []byte
	for _, a := range authorities {
		all = append(all, a.crl(t, ca.CRLOptions{})...)
	}
	return all
}

func assertRule(t *testing.T, err error, rule ca.Rule) {
	t.Helper()
	if !errors.Is(err, rule) {
		t.Errorf("got the error %v, want one of %s", err, rule)
	}
}
