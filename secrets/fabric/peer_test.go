package fabric_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets"
)

// peer is a workload: its chain, and the roots and CRLs that it checks others with.
type peer struct {
	chain []*x509.Certificate // the root left out
	roots []*x509.Certificate
	crls  []*x509.RevocationList
}

// serial is the serial number of the intermediate.
func (p peer) serial() string { return p.chain[1].SerialNumber.String() }

// newPeer is a workload of a cluster with a trust domain, at a time.
func newPeer(t *testing.T, b *secrets.CACerts, trustDomain string, now func() time.Time) peer {
	t.Helper()
	return catest.Must(makePeer(b, trustDomain, now))(t)
}

func makePeer(b *secrets.CACerts, trustDomain string, now func() time.Time) (peer, error) {
	authority, err := ca.Load(b.Key(), b.Chain(), now)
	if err != nil {
		return peer{}, err
	}
	profile, err := ca.Workload(ca.WorkloadOptions{})
	if err != nil {
		return peer{}, err
	}
	end := now().Add(24 * time.Hour)
	if last := b.Certificate().NotAfter; end.After(last) {
		end = last
	}
	draft, err := authority.Prepare(profile, ca.Request{
		NotAfter:  end,
		PublicKey: catest.Key("leaf").Public(),
		SPIFFEID:  spiffeid.RequireFromString("spiffe://" + trustDomain + "/ns/shop/sa/cart"),
	})
	if err != nil {
		return peer{}, err
	}
	leaf, err := authority.Issue(draft)
	chain := append([]*x509.Certificate{leaf}, b.Chain()...)
	return peer{chain[:len(chain)-1], b.Roots(), b.CRLs()}, err
}

var (
	errRevoked = errors.New("revoked")
	errNoCRL   = errors.New("no CRL")
)

// refuses is why a peer refuses another one, nil if it accepts it. The rules are those of Envoy: a
// peer that has CRLs needs, for each certificate of the chain and also for the root, a CRL of the
// issuer that has not expired and does not list the certificate.
func (p peer) refuses(other peer, now time.Time) error {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, root := range p.roots {
		roots.AddCert(root)
	}
	for _, cert := range other.chain[1:] {
		between.AddCert(cert)
	}
	chains, err := other.chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: now})
	if err != nil || len(p.crls) == 0 {
		return err
	}
	err = p.refusesRevoked(chains[0], now)
	for _, chain := range chains[1:] {
		if err != nil {
			err = p.refusesRevoked(chain, now)
		}
	}
	return err
}

func (p peer) refusesRevoked(chain []*x509.Certificate, now time.Time) error {
	for i, cert := range chain {
		list := p.crlOf(chain[min(i+1, len(chain)-1)], now)
		switch {
		case list == nil:
			return fmt.Errorf("%s: %w", ca.Describe(cert), errNoCRL)
		case ca.RevokedIn(list, cert) != nil:
			return fmt.Errorf("%s: %w", ca.Describe(cert), errRevoked)
		}
	}
	return nil
}

// crlOf is the first CRL with the name of the issuer, as in ztunnel.
func (p peer) crlOf(issuer *x509.Certificate, now time.Time) *x509.RevocationList {
	for _, list := range p.crls {
		if !bytes.Equal(list.RawIssuer, issuer.RawSubject) {
			continue
		}
		if list.CheckSignatureFrom(issuer) != nil || !list.NextUpdate.After(now) {
			return nil
		}
		return list
	}
	return nil
}

// requireRefused expects that a peer refuses another one for a reason.
func requireRefused(t *testing.T, what string, p, other peer, now time.Time, reason error) {
	t.Helper()
	if err := p.refuses(other, now); err == nil || !errors.Is(err, reason) {
		t.Errorf("%s: got the error %v, want that it is refused: %v", what, err, reason)
	}
}

// requireAccepted expects that a peer accepts another one.
func requireAccepted(t *testing.T, what string, p, other peer, now time.Time) {
	t.Helper()
	if err := p.refuses(other, now); err != nil {
		t.Errorf("%s: got the error %v, want that it is accepted", what, err)
	}
}
