package ca_test

import (
	"bytes"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
)

func FuzzParseCertificates(f *testing.F) {
	h := catest.New(f)
	f.Add(ca.MarshalCertificates(h.LeafChain()...))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"))
	f.Fuzz(func(t *testing.T, data []byte) {
		parsed, err := ca.ParseCertificates(data)
		if err != nil {
			return
		}
		text := ca.MarshalCertificates(parsed...)
		again, err := ca.ParseCertificates(text)
		if err != nil || !bytes.Equal(text, ca.MarshalCertificates(again...)) {
			t.Errorf("what was written cannot be read: %v", err)
		}
		ca.VerifyLeaf(parsed, ca.VerifyOptions{Now: catest.Now})
		ca.VerifyIntermediate(parsed, ca.VerifyOptions{Now: catest.Now})
	})
}

func FuzzParseCRLs(f *testing.F) {
	h := catest.New(f)
	list := newCRLFixture(h).sign(f)
	f.Add(ca.MarshalCRLs(list, catest.Must(h.Root.CRL(ca.CRLOptions{Number: big.NewInt(7)}))(f)))
	f.Add([]byte("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----"))
	f.Fuzz(func(t *testing.T, data []byte) {
		parsed, err := ca.ParseCRLs(data)
		if err != nil {
			return
		}
		text := ca.MarshalCRLs(parsed...)
		again, err := ca.ParseCRLs(text)
		if err != nil || !bytes.Equal(text, ca.MarshalCRLs(again...)) {
			t.Errorf("what was written cannot be read: %v", err)
		}
		for _, list := range parsed {
			for _, issuer := range h.Chain() {
				if ca.CheckCRL(list, issuer, catest.Now()) == nil && list.CheckSignatureFrom(issuer) != nil {
					t.Error("a CRL is accepted that the CA did not sign")
				}
			}
			ca.RevokedIn(list, h.Leaf)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	f.Add(catest.Must(ca.MarshalKey(catest.Key("key")))(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := ca.ParseKey(data)
		if err != nil {
			return
		}
		text, err := ca.MarshalKey(key)
		if err != nil {
			t.Fatalf("a key that was read cannot be written: %v", err)
		}
		again, err := ca.ParseKey(text)
		if err != nil {
			t.Fatalf("a key that was written cannot be read: %v", err)
		}
		if second := catest.Must(ca.MarshalKey(again))(t); !bytes.Equal(text, second) {
			t.Error("the key changes from one round to the next")
		}
	})
}

func FuzzParseEncryptedKey(f *testing.F) {
	for _, name := range []string{"plain", "pbes2-sha1", "pbes2-sha256", "pbes2-sha384", "des3", "scrypt", "pbes1", "legacy"} {
		f.Add(keyFile(f, name), []byte(passphrase))
	}
	f.Fuzz(func(t *testing.T, data, password []byte) {
		key, err := ca.ParseEncryptedKey(data, password)
		_, plainErr := ca.ParseKey(data)
		switch {
		case err == nil && !errors.Is(plainErr, ca.ErrEncryptedKey):
			t.Errorf("it is encrypted, and as a plain key it has the error %v", plainErr)
		case plainErr == nil && !errors.Is(err, ca.ErrPlainKey):
			t.Errorf("it is plain, and as an encrypted key it has the error %v", err)
		case err != nil:
			return
		}
		if _, err := ca.MarshalKey(key); err != nil {
			t.Errorf("a key that was read cannot be written: %v", err)
		}
	})
}

// FuzzIssue holds whatever an authority issues against the chain rules.
func FuzzIssue(f *testing.F) {
	f.Add("east", "mesh.example.com", "/ns/shop/sa/cart", int64(3600))
	f.Add("", "", "", int64(-1))
	h := catest.New(f)
	f.Fuzz(func(t *testing.T, name, domain, path string, seconds int64) {
		end := catest.Now().Unix() + seconds%(20*365*24*3600)
		r := eastRequest()
		r.CommonName, r.NotAfter = name, unix(end)
		issueAndVerify(t, h.Root, intermediateProfile(t), r)
		id, err := spiffeid.FromString("spiffe://" + domain + path)
		if err != nil {
			return
		}
		r = cartRequest()
		r.SPIFFEID, r.NotAfter = id, unix(end)
		issueAndVerify(t, h.Intermediate, workloadProfile(t), r)
		r.SPIFFEID, r.DNSNames = spiffeid.ID{}, []string{domain}
		issueAndVerify(t, h.Intermediate, workloadProfile(t), r)
	})
}

func issueAndVerify(t *testing.T, a *ca.Authority, p ca.Profile, r ca.Request) {
	t.Helper()
	draft, err := a.Prepare(p, r)
	if err != nil {
		if errors.Is(err, ca.RuleLeafNames) {
			t.Errorf("accepted names are invalid: %v", err)
		}
		return
	}
	chain := append(certs{catest.Must(a.Issue(draft))(t)}, a.Chain()...)
	verify := ca.VerifyIntermediate
	if r.CommonName == "" {
		verify = ca.VerifyLeaf
	}
	if violations := verify(chain, ca.VerifyOptions{Now: catest.Now, Roots: chain[len(chain)-1:]}); violations != nil {
		t.Errorf("what was issued breaks the rules: %v", violations)
	}
}

func unix(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }
