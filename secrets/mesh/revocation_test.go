package mesh_test

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/mesh"
)

func TestIsRevoked_WhenTheLastCertificateIs(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	first, second := root.issue(t, "east", "east", 30, ca.IntermediateOptions{}), root.issue(t, "east", "east", 10, ca.IntermediateOptions{})
	both := []*x509.Certificate{first.cert(), second.cert()}
	entry := func(cert *x509.Certificate, reason mesh.Reason) x509.RevocationListEntry {
		return x509.RevocationListEntry{SerialNumber: cert.SerialNumber, RevocationTime: catest.Now(), ReasonCode: int(reason)}
	}
	tests := map[string]struct {
		entries             []x509.RevocationListEntry
		want                *mesh.Revocation // of the CA
		wantFirst, wantLast bool             // whether the chain of that certificate is revoked
	}{
		"none of two":       {nil, nil, false, false},
		"the older of two":  {[]x509.RevocationListEntry{entry(first.cert(), 1)}, nil, true, false},
		"the newer of two":  {[]x509.RevocationListEntry{entry(second.cert(), 1)}, nil, false, true},
		"both certificates": {[]x509.RevocationListEntry{entry(first.cert(), 1), entry(second.cert(), 4)}, &mesh.Revocation{Reason: mesh.ReasonSuperseded, At: catest.Now()}, true, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := root.sign(t, ca.CRLOptions{Number: big.NewInt(1), Revoked: tt.entries})
			m := newMesh(contents(root, record(t, "", list, root.cert()), record(t, "east", nil, both...)))
			a := m.CA(first.cert())
			if got := m.IsRevoked(a); got != (tt.want != nil) {
				t.Errorf("the CA is revoked: %t", got)
			}
			if _, got := m.Lifecycle(a); !cmp.Equal(tt.want, got) {
				t.Errorf("revocation (-want +got):\n%s", cmp.Diff(tt.want, got))
			}
			for i, want := range []bool{tt.wantFirst, tt.wantLast} {
				err := m.CheckUnrevoked(append([]*x509.Certificate{both[i]}, root.chain...))
				if revoked, ok := errors.AsType[*mesh.RevokedError](err); ok != want || ok && revoked.Certificate != mesh.Summarize(both[i]) {
					t.Errorf("certificate %d: error %v, want a RevokedError: %t", i+1, err, want)
				}
			}
		})
	}
}

func TestIsRevoked_ComparesIssuerAndSerial(t *testing.T) {
	t.Parallel()
	root, other := newRoot(t, "root"), newRoot(t, "other")
	east := root.cluster(t, "east")
	tests := map[string]struct {
		rootRevokes, otherRevokes *x509.Certificate
		want                      bool
	}{
		"its serial number, by its issuer":    {east.cert(), nil, true},
		"its serial number, by another CA":    {nil, east.cert(), false},
		"another serial number of its issuer": {root.cluster(t, "west").cert(), nil, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list := func(s signer, cert *x509.Certificate) *x509.RevocationList {
				if cert == nil {
					return s.crl(t, 1)
				}
				return s.crl(t, 1, cert)
			}
			m := newMesh(contents(root,
				record(t, "", list(root, tt.rootRevokes), root.cert()),
				record(t, "", list(other, tt.otherRevokes), other.cert()),
				record(t, "east", nil, east.cert())))
			if got := m.IsRevoked(m.CA(east.cert())); got != tt.want {
				t.Errorf("revoked: %t, want %t", got, tt.want)
			}
		})
	}
}

func TestIsRevoked_TheFirstOfTwoEntriesCounts(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	east := root.cluster(t, "east")
	twice := entries(east.cert(), east.cert())
	twice[1].ReasonCode, twice[1].RevocationTime = int(mesh.ReasonKeyCompromise), catest.Now().Add(-time.Hour)
	der := catest.Must(x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: catest.Now(), NextUpdate: catest.Now().Add(day), RevokedCertificateEntries: twice,
	}, root.cert(), catest.Key("root")))(t)
	list := catest.Must(x509.ParseRevocationList(der))(t)
	m := newMesh(contents(root, record(t, "", list, root.cert()), record(t, "east", nil, east.cert())))
	_, got := m.Lifecycle(m.CA(east.cert()))
	if diff := cmp.Diff(&mesh.Revocation{Reason: mesh.ReasonSuperseded, At: catest.Now()}, got); diff != "" {
		t.Errorf("revocation (-want +got):\n%s", diff)
	}
}

func TestCheckUnrevoked_FindsTheRevokedCAOfAChain(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	m := newMesh(r.contents(t, r.root.crl(t, 2, r.issuing.cert()), nil))
	err := m.CheckUnrevoked(r.current.chain)
	want := &mesh.RevokedError{Certificate: mesh.Summarize(r.issuing.cert()), Revocation: mesh.Revocation{Reason: mesh.ReasonSuperseded, At: catest.Now()}}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	if err := m.CheckIssuing(); typeOf(err) != "*mesh.RevokedError" {
		t.Errorf("CheckIssuing: %v, want a RevokedError", err)
	}
	if err := newMesh(r.contents(t, nil, r.issuing.crl(t, 2, r.current.cert()))).CheckIssuing(); err != nil {
		t.Errorf("CheckIssuing: %v, and the revoked CA is below", err)
	}
	unknown := newRoot(t, "unknown")
	if err := m.CheckUnrevoked(unknown.cluster(t, "east").chain); err != nil {
		t.Errorf("a chain of another mesh: %v", err)
	}
}
