package workload

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"
)

func TestChecking_RejectsRevokedPeers(t *testing.T) {
	top, other := newRoot(t), newRoot(t)
	issuing := top.below(t)
	id := issuing.identity(t, serverID)
	id.Chain, id.Roots = append(id.Chain, top.cert), []*x509.Certificate{top.cert}
	impostor := &root{cert: issuing.cert, key: other.key}
	empty := slices.Concat(top.crl(t, now), issuing.crl(t, now))

	for name, test := range map[string]struct {
		crls []byte
		want error
	}{
		"without CRLs a peer is accepted":                   {},
		"with a CRL of each CA it is accepted":              {crls: empty},
		"with other CRLs before them it is accepted":        {crls: slices.Concat(other.crl(t, now), empty)},
		"without the CRL of the root it is refused":         {crls: issuing.crl(t, now), want: ErrNoCRL},
		"without the CRL of the intermediate it is refused": {crls: top.crl(t, now), want: ErrNoCRL},
		"with an expired CRL it is refused":                 {crls: slices.Concat(top.crl(t, now), issuing.crl(t, -2*time.Hour)), want: ErrNoCRL},
		"with a CRL that is not yet valid it is refused":    {crls: slices.Concat(top.crl(t, time.Hour), issuing.crl(t, now)), want: ErrNoCRL},
		"with a CRL signed by another key it is refused":    {crls: slices.Concat(top.crl(t, now), impostor.crl(t, now)), want: ErrNoCRL},
		"with a revoked CA it is refused":                   {crls: slices.Concat(top.crl(t, now, issuing.cert), issuing.crl(t, now)), want: ErrRevoked},
		"with its own certificate revoked it is refused":    {crls: slices.Concat(top.crl(t, now), issuing.crl(t, now, id.Leaf())), want: ErrRevoked},
		"the later of two CRLs counts and revokes":          {crls: slices.Concat(top.crl(t, now, issuing.cert), issuing.crl(t, now), top.crl(t, -time.Minute)), want: ErrRevoked},
		"the later of two CRLs counts and does not revoke":  {crls: slices.Concat(top.crl(t, -time.Minute, issuing.cert), issuing.crl(t, now), top.crl(t, now))},
	} {
		t.Run(name, func(t *testing.T) {
			checking, err := id.Checking(test.crls)
			if err != nil {
				t.Fatal(err)
			}
			assertOutcome(t, checking, id, test.want)
			if test.want != nil {
				// A server does not send its reason to the client.
				test.want = ErrClientUntrusted
			}
			assertOutcome(t, id, checking, test.want)
		})
	}
}

// assertOutcome asserts that both connect, or that one refuses the other with this error.
func assertOutcome(t *testing.T, client, server *Identity, want error) {
	t.Helper()
	conn, err := client.Dial(t.Context(), server.Serve(t))
	if err == nil {
		conn.Close()
	}
	if !errors.Is(err, want) {
		t.Errorf("got the error %v, want %v", err, want)
	}
}

func TestChecking_RejectsNonCRLs(t *testing.T) {
	top := newRoot(t)
	id := top.identity(t, clientID)
	for name, data := range map[string][]byte{
		"a certificate":    certificatePEM(top.cert),
		"text after a CRL": append(top.crl(t, now), "what?"...),
	} {
		if _, err := id.Checking(data); err == nil {
			t.Errorf("Checking accepts %s", name)
		}
	}
}

// below issues an intermediate.
func (r *root) below(t *testing.T) *root {
	t.Helper()
	template := &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	template.Subject.CommonName = "intermediate"
	cert, key := sign(t, template, r)
	return &root{cert: cert, key: key}
}

const now = time.Duration(0)

// crl signs a CRL in PEM whose validity begins a minute before the offset from now, and lasts an
// hour.
func (r *root) crl(t *testing.T, then time.Duration, revoked ...*x509.Certificate) []byte {
	t.Helper()
	begin := time.Now().Add(then - time.Minute)
	list := &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: begin, NextUpdate: begin.Add(time.Hour)}
	for _, cert := range revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: cert.SerialNumber, RevocationTime: begin})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, r.cert, r.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}
