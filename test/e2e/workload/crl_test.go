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
		"without any CRL a peer is taken":                          {},
		"with one of each CA it is too":                            {crls: empty},
		"with others before them it is too":                        {crls: slices.Concat(other.crl(t, now), empty)},
		"without that of the root it is refused":                   {crls: issuing.crl(t, now), want: ErrNoCRL},
		"without that of the intermediate it is refused":           {crls: top.crl(t, now), want: ErrNoCRL},
		"with one that has ended it is refused":                    {crls: slices.Concat(top.crl(t, now), issuing.crl(t, -2*time.Hour)), want: ErrNoCRL},
		"with one that has not begun it is refused":                {crls: slices.Concat(top.crl(t, time.Hour), issuing.crl(t, now)), want: ErrNoCRL},
		"with one that another key has signed it is refused":       {crls: slices.Concat(top.crl(t, now), impostor.crl(t, now)), want: ErrNoCRL},
		"where its CA is revoked it is refused":                    {crls: slices.Concat(top.crl(t, now, issuing.cert), issuing.crl(t, now)), want: ErrRevoked},
		"where it is revoked itself it is refused":                 {crls: slices.Concat(top.crl(t, now), issuing.crl(t, now, id.Leaf())), want: ErrRevoked},
		"of two CRLs of a CA the later one counts, which revokes":  {crls: slices.Concat(top.crl(t, now, issuing.cert), issuing.crl(t, now), top.crl(t, -time.Minute)), want: ErrRevoked},
		"of two CRLs of a CA the later one counts, which does not": {crls: slices.Concat(top.crl(t, -time.Minute, issuing.cert), issuing.crl(t, now), top.crl(t, now))},
	} {
		t.Run(name, func(t *testing.T) {
			checking, err := id.Checking(test.crls)
			if err != nil {
				t.Fatal(err)
			}
			assertOutcome(t, checking, id, test.want)
			if test.want != nil {
				// A server does not say what it has against a client.
				test.want = ErrClientUntrusted
			}
			assertOutcome(t, id, checking, test.want)
		})
	}
}

// assertOutcome asserts that they talk, or that one of them refuses the other with that error.
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
		"a certificate":          certificatePEM(top.cert),
		"something behind a CRL": append(top.crl(t, now), "what?"...),
	} {
		if _, err := id.Checking(data); err == nil {
			t.Errorf("Checking accepts %s", name)
		}
	}
}

// below makes an intermediate.
func (r *root) below(t *testing.T) *root {
	t.Helper()
	template := &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	template.Subject.CommonName = "intermediate"
	cert, key := sign(t, template, r)
	return &root{cert: cert, key: key}
}

const now = time.Duration(0)

// crl signs a CRL in PEM that begins a minute before then, seen from now, and is good for an
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
