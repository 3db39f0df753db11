package ca_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
)

// crlFixture is a valid CRL until a test changes it.
type crlFixture struct {
	list   x509.RevocationList // the template
	signer x509.Certificate    // under whose name and key identifier
	key    crypto.Signer
	issuer x509.Certificate // the CA against which it is checked
	root   *x509.Certificate
}

// sign makes the CRL. An authority would refuse to make some, so crypto/x509 does.
func (f *crlFixture) sign(t testing.TB) *x509.RevocationList {
	t.Helper()
	der := catest.Must(x509.CreateRevocationList(rand.Reader, &f.list, &f.signer, f.key))(t)
	return catest.Must(x509.ParseRevocationList(der))(t)
}

func newCRLFixture(h *catest.Hierarchy) *crlFixture {
	issuer := *h.Intermediate.Certificate()
	return &crlFixture{
		list: x509.RevocationList{
			Number: big.NewInt(7), ThisUpdate: catest.Now(), NextUpdate: catest.Now().Add(time.Hour),
			RevokedCertificateEntries: []x509.RevocationListEntry{revoked(5, catest.Now(), 1)},
		},
		signer: issuer, key: h.IntermediateKey, issuer: issuer, root: h.Root.Certificate(),
	}
}

func extension(critical bool, id ...int) []pkix.Extension {
	return []pkix.Extension{{Id: id, Critical: critical, Value: []byte{5, 0}}}
}

func TestCheckCRL(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	tests := map[string]struct {
		change func(*crlFixture)
		is     error
		want   string // of the error; empty is that there is none
	}{
		"a valid one":                       {func(*crlFixture) {}, nil, ""},
		"an extension that is not critical": {func(f *crlFixture) { f.list.ExtraExtensions = extension(false, 1, 2, 3) }, nil, ""},
		"one that has expired": {func(f *crlFixture) {
			f.list.ThisUpdate, f.list.NextUpdate = catest.Now().Add(-2*time.Hour), catest.Now().Add(-time.Hour)
		}, nil, ""},
		"one from a clock that is ahead": {func(f *crlFixture) { f.list.ThisUpdate = catest.Now().Add(ca.Backdate) }, nil, ""},
		"a CA without a key usage":       {func(f *crlFixture) { f.issuer.Extensions, f.issuer.KeyUsage = nil, 0 }, nil, ""},
		"another name": {func(f *crlFixture) {
			f.signer.RawSubject = h.Root.Certificate().RawSubject
		}, ca.ErrForeignCRL, "the CRL is not signed by this CA: east"},
		"another key identifier": {func(f *crlFixture) { f.signer.SubjectKeyId = []byte{1} }, ca.ErrForeignCRL, "is not signed by this CA"},
		"another key": {func(f *crlFixture) {
			f.key, f.signer.PublicKey = catest.Key("other"), catest.Key("other").Public()
		}, ca.ErrForeignCRL, "is not signed by this CA"},
		"a key that may not sign CRLs": {func(f *crlFixture) { f.issuer.KeyUsage = x509.KeyUsageCertSign }, ca.ErrForeignCRL, "which may not sign any"},
		"a weak signature":             {func(f *crlFixture) { f.list.SignatureAlgorithm = x509.ECDSAWithSHA1 }, nil, "the CRL is signed with ECDSA-SHA1, expected"},
		"the future":                   {func(f *crlFixture) { f.list.ThisUpdate = catest.Now().Add(ca.Backdate + time.Second) }, ca.ErrCRLNotYetValid, "the CRL of east"},
		"a delta":                      {func(f *crlFixture) { f.list.ExtraExtensions = extension(true, 2, 5, 29, 27) }, nil, "is a delta, expected a full one"},
		"some certificates only":       {func(f *crlFixture) { f.list.ExtraExtensions = extension(true, 2, 5, 29, 28) }, nil, "is about some certificates only"},
		"an unknown critical extension": {func(f *crlFixture) {
			f.list.ExtraExtensions = extension(true, 1, 2, 3)
		}, nil, "has the critical extension 1.2.3, which verifiers do not know"},
		"an entry with an unknown critical extension": {func(f *crlFixture) {
			f.list.RevokedCertificateEntries[0].ExtraExtensions = extension(true, 1, 2, 4)
		}, nil, "has an entry with the critical extension 1.2.4"},
		"an entry that revokes nothing": {func(f *crlFixture) {
			f.list.RevokedCertificateEntries[0].ReasonCode = 8
		}, nil, "takes the revocation of 5 back, as only a delta can"},
		"the number zero":                        {func(f *crlFixture) { f.list.Number = new(big.Int) }, nil, ""},
		"a number after which there is no other": {func(f *crlFixture) { f.list.Number = largestNumber() }, nil, "expected one of at most 20 octets"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newCRLFixture(h)
			test.change(f)
			err := ca.CheckCRL(f.sign(t), &f.issuer, catest.Now())
			switch {
			case test.want == "" && err != nil:
				t.Errorf("got the error %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got the error %v, want one with %q", err, test.want)
			case test.is != nil && !errors.Is(err, test.is):
				t.Errorf("got the error %v, want %v", err, test.is)
			case errors.Is(err, ca.ErrForeignCRL) && test.is == nil:
				t.Errorf("the error %v says that another CA signed it", err)
			}
		})
	}
}

// crypto/x509 does not write these, as other programs do.
func TestCheckCRL_MissingFields(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	valid := newCRLFixture(h).sign(t)
	for want, change := range map[string]func(*x509.RevocationList){
		"has no number":      func(l *x509.RevocationList) { l.Number = nil },
		"has the number -2":  func(l *x509.RevocationList) { l.Number = big.NewInt(-2) },
		"has no next update": func(l *x509.RevocationList) { l.NextUpdate = time.Time{} },
	} {
		list := *valid
		change(&list)
		if err := ca.CheckCRL(&list, h.Intermediate.Certificate(), catest.Now()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got the error %v, want one with %q", err, want)
		}
	}
}

func TestParseCRLs_IsStrict(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	list := newCRLFixture(h).sign(t)
	valid := string(ca.MarshalCRLs(list))
	tests := map[string]struct{ data, want string }{
		"one":                         {valid, ""},
		"two, with white space":       {"\n" + valid + "\n\t" + valid, ""},
		"none":                        {"", "no PEM block"},
		"DER":                         {string(list.Raw), "text that is not PEM stands before block 1"},
		"text before it":              {"Certificate Revocation List\n" + valid, "text that is not PEM stands before block 1"},
		"text after it":               {valid + "end", "text that is not PEM stands before block 2"},
		"a certificate":               {string(ca.MarshalCertificates(h.Leaf)), "PEM block 1 is a CERTIFICATE, expected a X509 CRL"},
		"headers":                     {strings.Replace(valid, "CRL-----\n", "CRL-----\nfrom: nobody\n\n", 1), "PEM block 1 has headers, expected none"},
		"junk in it":                  {"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "PEM block 1: x509: malformed crl"},
		"two that are joined":         {strings.TrimSuffix(valid, "\n") + valid, "PEM block 1 is joined to the next one"},
		"one that is cut off":         {valid[:len(valid)-30], "PEM block 1 has no END line"},
		"one that ends in the middle": {valid[:60] + "\n-----END X509 CRL-----\n", "PEM block 1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lists, err := ca.ParseCRLs([]byte(test.data))
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got the error %v, want one with %q", err, test.want)
				}
				return
			}
			if err != nil || !slices.ContainsFunc(lists, func(l *x509.RevocationList) bool { return bytes.Equal(l.Raw, list.Raw) }) {
				t.Errorf("got %d CRLs and the error %v", len(lists), err)
			}
		})
	}
}

func TestRevokedIn(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	f := newCRLFixture(h)
	if e := ca.RevokedIn(f.sign(t), h.Leaf); e != nil {
		t.Errorf("it is not revoked, and the entry is %+v", e)
	}
	f.list.RevokedCertificateEntries = append(f.list.RevokedCertificateEntries,
		x509.RevocationListEntry{SerialNumber: h.Leaf.SerialNumber, RevocationTime: catest.Now(), ReasonCode: 4})
	if e := ca.RevokedIn(f.sign(t), h.Leaf); e == nil || e.ReasonCode != 4 {
		t.Errorf("the entry is %+v, want the one with reason 4", e)
	}
}
