package ca_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
)

func revoked(serial int64, at time.Time, reason int) x509.RevocationListEntry {
	return x509.RevocationListEntry{SerialNumber: big.NewInt(serial), RevocationTime: at, ReasonCode: reason}
}

// largestNumber has 20 octets.
func largestNumber() *big.Int {
	return new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 159), big.NewInt(1))
}

// sameEntries compares what entries say, not how it is encoded.
func sameEntries() cmp.Options {
	return cmp.Options{
		cmpopts.IgnoreFields(x509.RevocationListEntry{}, "Raw", "Extensions"),
		cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 }),
		cmpopts.EquateEmpty(),
	}
}

func TestCRL_HasTheRequestedContent(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	now := catest.Now()
	for name, o := range map[string]ca.CRLOptions{
		"nothing is revoked": {Number: big.NewInt(1)},
		"some are revoked": {Number: big.NewInt(2), NextUpdate: now.Add(time.Hour), Revoked: []x509.RevocationListEntry{
			revoked(7, now, 0), revoked(5, now.Add(-time.Hour), 1),
		}},
		"the largest number": {Number: largestNumber()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := catest.Must(h.Intermediate.CRL(o))(t)
			issuer := h.Intermediate.Certificate()
			if err := got.CheckSignatureFrom(issuer); err != nil {
				t.Error(err)
			}
			want := &x509.RevocationList{
				Number: o.Number, RevokedCertificateEntries: o.Revoked, AuthorityKeyId: issuer.SubjectKeyId, RawIssuer: issuer.RawSubject,
				ThisUpdate: now.Add(-ca.Backdate), NextUpdate: o.NextUpdate,
			}
			if want.NextUpdate.IsZero() {
				want.NextUpdate = issuer.NotAfter
			}
			if diff := cmp.Diff(want, got, sameEntries(), cmpopts.IgnoreFields(x509.RevocationList{},
				"Raw", "RawTBSRevocationList", "Issuer", "Signature", "SignatureAlgorithm", "RevokedCertificates", "Extensions")); diff != "" {
				t.Errorf("CRL (-want +got):\n%s", diff)
			}
			for _, ext := range got.Extensions {
				if ext.Critical {
					t.Errorf("the extension %s is critical", ext.Id)
				}
			}
		})
	}
}

func TestCRL_KeyTypes(t *testing.T) {
	t.Parallel()
	for _, keyType := range ca.KeyTypes() {
		t.Run(string(keyType), func(t *testing.T) {
			t.Parallel()
			key := newOpaque(caKey(t, keyType))
			root := catest.Must(ca.NewRoot(ca.RootOptions{Key: key, Organization: "mesh", Now: catest.Now}))(t)
			catest.Must(root.CRL(ca.CRLOptions{Number: big.NewInt(1)}))(t)
		})
	}
}

func TestCRL_ChecksItsOptions(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	now, end := catest.Now(), h.Intermediate.Certificate().NotAfter
	tooLong := new(big.Int).Lsh(big.NewInt(1), 159)
	entry := func(change func(*x509.RevocationListEntry)) ca.CRLOptions {
		e := revoked(7, now, 1)
		change(&e)
		return ca.CRLOptions{Number: big.NewInt(1), Revoked: []x509.RevocationListEntry{revoked(5, now, 0), e}}
	}
	for name, test := range map[string]struct {
		options ca.CRLOptions
		want    string
	}{
		"no number":                              {ca.CRLOptions{}, "the number is missing"},
		"the number zero":                        {ca.CRLOptions{Number: new(big.Int)}, "the number 0 is not positive"},
		"a negative number":                      {ca.CRLOptions{Number: big.NewInt(-1)}, "the number -1 is not positive"},
		"a number of 21 octets":                  {ca.CRLOptions{Number: tooLong}, "at most 20 octets"},
		"a next update of now":                   {ca.CRLOptions{Number: big.NewInt(1), NextUpdate: now}, "the next update, 2026-01-02T03:04:05Z, has passed"},
		"a next update in this second":           {ca.CRLOptions{Number: big.NewInt(1), NextUpdate: now.Add(time.Second - 1)}, "the next update, 2026-01-02T03:04:05Z, has passed"},
		"a next update after the CA":             {ca.CRLOptions{Number: big.NewInt(1), NextUpdate: end.Add(time.Second)}, "would end at"},
		"no serial number":                       {entry(func(e *x509.RevocationListEntry) { e.SerialNumber = nil }), "revoked entry 1: the serial number"},
		"the serial number zero":                 {entry(func(e *x509.RevocationListEntry) { e.SerialNumber = new(big.Int) }), "revoked entry 1: the serial number"},
		"a serial number of 21 octets":           {entry(func(e *x509.RevocationListEntry) { e.SerialNumber = tooLong }), "revoked entry 1: the serial number"},
		"a serial number twice":                  {entry(func(e *x509.RevocationListEntry) { e.SerialNumber = big.NewInt(5) }), "revoked entry 1: the serial number 5 is there twice"},
		"no revocation time":                     {entry(func(e *x509.RevocationListEntry) { e.RevocationTime = time.Time{} }), "revoked entry 1 (7): the revocation time is missing"},
		"a revocation in the future":             {entry(func(e *x509.RevocationListEntry) { e.RevocationTime = now.Add(time.Second) }), "2026-01-02T03:04:06Z has not come"},
		"the reason that RFC 5280 does not have": {entry(func(e *x509.RevocationListEntry) { e.ReasonCode = 7 }), "the reason code 7"},
		"the reason of delta CRLs":               {entry(func(e *x509.RevocationListEntry) { e.ReasonCode = 8 }), "the reason code 8"},
		"a critical extension": {entry(func(e *x509.RevocationListEntry) {
			e.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 29}, Critical: true, Value: []byte{5, 0}}}
		}), "the extension 2.5.29.29 is critical"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := h.Intermediate.CRL(test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "ca: CRL of east ") {
				t.Errorf("got the error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestCRL_LifetimeErrorHasTheLongestEnd(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	end := h.Intermediate.Certificate().NotAfter
	_, err := h.Intermediate.CRL(ca.CRLOptions{Number: big.NewInt(1), NextUpdate: end.Add(time.Hour)})
	var lifetime *ca.LifetimeError
	if !errors.As(err, &lifetime) || !errors.Is(err, ca.RuleWithinIssuer) || !lifetime.Longest.Equal(end) {
		t.Errorf("got the error %v, want a LifetimeError with %s", err, end)
	}
}

func TestCRL_BeginsWithinTheAuthority(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	young := catest.Mutate(t, h.Intermediate.Certificate(), h.Root.Certificate(), h.RootKey, catest.Mutation{Cert: func(c *x509.Certificate) {
		c.NotBefore = catest.Now()
	}})
	authority := catest.Must(ca.Load(h.IntermediateKey, certs{young, h.Root.Certificate()}, catest.Now))(t)
	if got := catest.Must(authority.CRL(ca.CRLOptions{Number: big.NewInt(1)}))(t).ThisUpdate; !got.Equal(catest.Now()) {
		t.Errorf("its this update is %s, want %s", got, catest.Now())
	}
}

func TestCRL_RefusesAnExpiredAuthority(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	now := catest.Now()
	authority := catest.Must(ca.Load(h.IntermediateKey, h.Chain(), func() time.Time { return now }))(t)
	now = h.Intermediate.Certificate().NotAfter
	if _, err := authority.CRL(ca.CRLOptions{Number: big.NewInt(1)}); err == nil || !strings.Contains(err.Error(), "the authority ended at") {
		t.Errorf("got the error %v", err)
	}
}

func TestLoad_RefusesACAWithoutCRLSign(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	mute := catest.Mutate(t, h.Intermediate.Certificate(), h.Root.Certificate(), h.RootKey, catest.Mutation{Cert: func(c *x509.Certificate) {
		c.KeyUsage = x509.KeyUsageCertSign
	}})
	if _, err := ca.Load(h.IntermediateKey, certs{mute, h.Root.Certificate()}, catest.Now); !errors.Is(err, ca.RuleCRLSign) {
		t.Errorf("got the error %v, want %q", err, ca.RuleCRLSign)
	}
}

// forger signs something else than it is given.
type forger struct{ crypto.Signer }

func (f forger) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	other := bytes.Clone(digest)
	other[0] ^= 1
	return f.Signer.Sign(random, other, opts)
}

func TestCRL_IsNotReturnedWithAWrongSignature(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	authority := catest.Must(ca.Load(forger{h.RootKey}, h.Root.Chain(), catest.Now))(t)
	if list, err := authority.CRL(ca.CRLOptions{Number: big.NewInt(1)}); err == nil || list != nil {
		t.Errorf("got %v and the error %v", list, err)
	}
}

// An earlier CRL is the state from which the next one is made.
func TestCRL_CarriesEntries(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	now := catest.Now()
	first := catest.Must(h.Root.CRL(ca.CRLOptions{Number: big.NewInt(1), Revoked: []x509.RevocationListEntry{revoked(7, now.Add(-time.Hour), 4)}}))(t)
	second := catest.Must(h.Root.CRL(ca.CRLOptions{
		Number: big.NewInt(2), Carried: first.RevokedCertificateEntries, Revoked: []x509.RevocationListEntry{revoked(9, now, 1)},
	}))(t)
	want := []x509.RevocationListEntry{revoked(7, now.Add(-time.Hour), 4), revoked(9, now, 1)}
	if diff := cmp.Diff(want, second.RevokedCertificateEntries, sameEntries()); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if _, err := h.Root.CRL(ca.CRLOptions{Number: big.NewInt(3), Carried: second.RevokedCertificateEntries, Revoked: want[:1]}); err == nil {
		t.Error("what is revoked already is revoked again")
	}
}

// Other programs sign CRLs as well: what they revoke stays revoked.
func TestCRL_CorrectsEntriesOfOtherPrograms(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	now := catest.Now()
	invalidity := pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 24}, Value: []byte{5, 0}}
	for name, test := range map[string]struct{ theirs, want []x509.RevocationListEntry }{
		"the serial number zero":   {[]x509.RevocationListEntry{revoked(0, now, 1)}, []x509.RevocationListEntry{revoked(0, now, 1)}},
		"a serial number twice":    {[]x509.RevocationListEntry{revoked(7, now, 1), revoked(7, now, 4)}, []x509.RevocationListEntry{revoked(7, now, 1)}},
		"a time that has not come": {[]x509.RevocationListEntry{revoked(7, now.Add(time.Hour), 1)}, []x509.RevocationListEntry{revoked(7, now, 1)}},
		"an unknown reason":        {[]x509.RevocationListEntry{revoked(7, now, 7)}, []x509.RevocationListEntry{revoked(7, now, 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.theirs[0].ExtraExtensions = []pkix.Extension{invalidity}
			theirs := catest.Must(x509.ParseRevocationList(catest.Must(x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
				Number: big.NewInt(1), ThisUpdate: now, NextUpdate: now.Add(time.Hour), RevokedCertificateEntries: test.theirs,
			}, h.Root.Certificate(), h.RootKey))(t)))(t)
			next := catest.Must(h.Root.CRL(ca.CRLOptions{Number: big.NewInt(2), Carried: theirs.RevokedCertificateEntries}))(t)
			if diff := cmp.Diff(test.want, next.RevokedCertificateEntries, sameEntries()); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
			kept := func(e pkix.Extension) bool { return e.Id.Equal(invalidity.Id) }
			if !slices.ContainsFunc(next.RevokedCertificateEntries[0].Extensions, kept) {
				t.Errorf("its extensions are %v, want the invalidity date among them", next.RevokedCertificateEntries[0].Extensions)
			}
		})
	}
}

func TestCRL_DoesNotChangeItsOptions(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	east := time.FixedZone("east", 3600)
	give := func() ca.CRLOptions {
		at := catest.Now().Add(-time.Hour).In(east).Add(time.Millisecond)
		return ca.CRLOptions{Number: big.NewInt(1), NextUpdate: at.Add(24 * time.Hour), Revoked: []x509.RevocationListEntry{revoked(7, at, 1), revoked(5, at, 0)}}
	}
	o := give()
	list := catest.Must(h.Root.CRL(o))(t)
	list.Number.SetInt64(9)
	list.RevokedCertificateEntries[0].SerialNumber.SetInt64(9)
	if diff := cmp.Diff(give(), o, sameEntries()); diff != "" {
		t.Errorf("options (-before +after):\n%s", diff)
	}
	if list.NextUpdate.Nanosecond() != 0 {
		t.Errorf("the next update is %s", list.NextUpdate)
	}
}
