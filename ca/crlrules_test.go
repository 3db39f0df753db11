package ca_test

import (
	"crypto"
	"crypto/x509"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
)

// crlRuleFixture is a CRL that one rule refuses.
type crlRuleFixture struct {
	name   string
	rule   ca.Rule
	scope  string                     // "signed", "received" or "": both
	change func(*crlFixture)          // before it is signed
	parsed func(*x509.RevocationList) // afterwards: crypto/x509 would refuse to write it
}

func crlRuleFixtures() []crlRuleFixture {
	now := catest.Now()
	entry := func(change func(*x509.RevocationListEntry)) func(*crlFixture) {
		return func(f *crlFixture) { change(&f.list.RevokedCertificateEntries[0]) }
	}
	return []crlRuleFixture{
		{name: "another name", rule: ca.RuleCRLIssuer, change: func(f *crlFixture) { f.signer.RawSubject = f.root.RawSubject }},
		{name: "another key identifier", rule: ca.RuleCRLIssuer, change: func(f *crlFixture) { f.signer.SubjectKeyId = []byte{1} }},
		{name: "a key that may not sign CRLs", rule: ca.RuleCRLSigner, change: func(f *crlFixture) { f.issuer.KeyUsage = x509.KeyUsageCertSign }},
		{name: "a weak signature", rule: ca.RuleCRLSignatureAlgorithm, change: func(f *crlFixture) { f.list.SignatureAlgorithm = x509.ECDSAWithSHA1 }},
		{name: "another key", rule: ca.RuleCRLSignature, scope: "received", change: func(f *crlFixture) { f.key, f.signer.PublicKey = catest.Key("other"), catest.Key("other").Public() }},
		{name: "no authority key identifier", rule: ca.RuleCRLAuthorityKeyID, scope: "signed", parsed: func(l *x509.RevocationList) { l.AuthorityKeyId = nil }},
		{name: "no number", rule: ca.RuleCRLNumber, parsed: func(l *x509.RevocationList) { l.Number = nil }},
		{name: "a negative number", rule: ca.RuleCRLNumber, parsed: func(l *x509.RevocationList) { l.Number = big.NewInt(-2) }},
		{name: "a number of 21 octets", rule: ca.RuleCRLNumber, parsed: func(l *x509.RevocationList) { l.Number = new(big.Int).Lsh(big.NewInt(1), 159) }},
		{name: "the number zero", rule: ca.RuleCRLPositiveNumber, scope: "signed", change: func(f *crlFixture) { f.list.Number = new(big.Int) }},
		{name: "the largest number", rule: ca.RuleCRLNextNumber, scope: "received", change: func(f *crlFixture) { f.list.Number = largestNumber() }},
		{name: "no next update", rule: ca.RuleCRLNextUpdate, parsed: func(l *x509.RevocationList) { l.NextUpdate = time.Time{} }},
		{name: "the future", rule: ca.RuleCRLNotYetValid, change: func(f *crlFixture) { f.list.ThisUpdate = now.Add(ca.Backdate + time.Second) }},
		{name: "a next update of now", rule: ca.RuleCRLExpired, scope: "signed", change: func(f *crlFixture) { f.list.NextUpdate = now }},
		{name: "a next update after the end of the CA", rule: ca.RuleCRLWithinIssuer, scope: "signed", change: func(f *crlFixture) { f.list.NextUpdate = f.issuer.NotAfter.Add(time.Second) }},
		{name: "a this update before the CA", rule: ca.RuleCRLWithinIssuer, scope: "signed", change: func(f *crlFixture) { f.list.ThisUpdate = f.issuer.NotBefore.Add(-time.Second) }},
		{name: "a delta", rule: ca.RuleCRLFull, change: func(f *crlFixture) { f.list.ExtraExtensions = extension(true, 2, 5, 29, 27) }},
		{name: "some certificates only", rule: ca.RuleCRLFull, change: func(f *crlFixture) { f.list.ExtraExtensions = extension(true, 2, 5, 29, 28) }},
		{name: "an unknown critical extension", rule: ca.RuleCRLKnownCritical, change: func(f *crlFixture) { f.list.ExtraExtensions = extension(true, 1, 2, 3) }},
		{name: "an entry that revokes nothing", rule: ca.RuleCRLEntryRevokes, change: entry(func(e *x509.RevocationListEntry) { e.ReasonCode = 8 })},
		{name: "an entry with an unknown reason", rule: ca.RuleCRLEntryReason, scope: "signed", change: entry(func(e *x509.RevocationListEntry) { e.ReasonCode = 7 })},
		{name: "an entry of the future", rule: ca.RuleCRLEntryTime, scope: "signed", change: entry(func(e *x509.RevocationListEntry) { e.RevocationTime = now.Add(time.Second) })},
		{name: "two entries for one certificate", rule: ca.RuleCRLEntryDistinct, scope: "signed", change: func(f *crlFixture) {
			f.list.RevokedCertificateEntries = append(f.list.RevokedCertificateEntries, revoked(5, now, 4))
		}},
		{name: "an entry with an unknown critical extension", rule: ca.RuleCRLEntryKnownCritical, change: entry(func(e *x509.RevocationListEntry) { e.ExtraExtensions = extension(true, 1, 2, 4) })},
	}
}

// verify applies the rules for one of the scopes.
func (f *crlRuleFixture) verify(t *testing.T, signed bool) []*ca.Violation {
	t.Helper()
	c := newCRLFixture(catest.New(t))
	if f.change != nil {
		f.change(c)
	}
	list := c.sign(t)
	if f.parsed != nil {
		f.parsed(list)
	}
	return ca.VerifyCRL(list, &c.issuer, catest.Now(), signed)
}

func TestCRLRules_EachFixtureIsRefusedByItsRuleAlone(t *testing.T) {
	t.Parallel()
	for _, f := range crlRuleFixtures() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			for scope, signed := range map[string]bool{"signed": true, "received": false} {
				violations := f.verify(t, signed)
				if f.scope != "" && f.scope != scope {
					if len(violations) > 0 {
						t.Errorf("a %s CRL: got the violations %v, want none", scope, violations)
					}
					continue
				}
				if len(violations) != 1 || !errors.Is(violations[0], f.rule) || violations[0].Detail == "" {
					t.Errorf("a %s CRL: got the violations %v, want one of %q", scope, violations, f.rule)
				}
			}
		})
	}
}

func TestCRLRules_EachOwnsAFixture(t *testing.T) {
	t.Parallel()
	owned := make(map[ca.Rule]bool)
	for _, f := range crlRuleFixtures() {
		owned[f.rule] = true
	}
	for _, info := range ca.CRLRules() {
		if !owned[info.Rule] || info.Demand == "" || info.Source == "" {
			t.Errorf("%q has no fixture, no demand or no source", info.Rule)
		}
		delete(owned, info.Rule)
	}
	for rule := range owned {
		t.Errorf("the fixture of %q belongs to no rule", rule)
	}
}

func TestCRL_UsesTheKeyOnce(t *testing.T) {
	t.Parallel()
	key := newOpaque(catest.Key("root"))
	root := catest.Must(ca.NewRoot(ca.RootOptions{Key: key, Organization: "mesh", Now: catest.Now}))(t)
	*key.signatures = 0
	catest.Must(root.CRL(ca.CRLOptions{Number: big.NewInt(1)}))(t)
	if *key.signatures != 1 {
		t.Errorf("it used the key %d times, want once", *key.signatures)
	}
}

// CRL makes no template that breaks a rule, as far as we know.
func TestCRL_ChecksTheRulesBeforeTheKeySigns(t *testing.T) {
	t.Parallel()
	key := newOpaque(catest.Key("root"))
	root := catest.Must(ca.NewRoot(ca.RootOptions{Key: key, Organization: "mesh", Now: catest.Now}))(t)
	*key.signatures = 0
	_, err := root.IssueCRL(&x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: catest.Now(), NextUpdate: catest.Now().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{revoked(7, catest.Now(), 8)},
	})
	var ruleError *ca.RuleError
	if !errors.Is(err, ca.RuleCRLEntryRevokes) || !errors.As(err, &ruleError) {
		t.Errorf("got the error %v, want a RuleError of %q", err, ca.RuleCRLEntryRevokes)
	}
	if *key.signatures != 0 {
		t.Errorf("it used the key %d times, want never", *key.signatures)
	}
}

// changeling is the key of a CA when that is loaded, and another one afterwards.
type changeling struct {
	crypto.Signer
	first   crypto.PublicKey
	changed *bool
}

func (c changeling) Public() crypto.PublicKey {
	if !*c.changed {
		*c.changed = true
		return c.first
	}
	return c.Signer.Public()
}

func TestCRL_IsNotReturnedIfAnotherKeySignedIt(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	for name, test := range map[string]struct {
		key  crypto.Signer
		want string
	}{
		"with the same algorithm": {catest.Key("other"), "is not signed by this CA"},
		"with another algorithm":  {catest.KeyP384("other"), "the CRL is not the one that was checked"},
	} {
		authority := catest.Must(ca.Load(changeling{test.key, h.RootKey.Public(), new(bool)}, h.Root.Chain(), catest.Now))(t)
		list, err := authority.CRL(ca.CRLOptions{Number: big.NewInt(1)})
		if list != nil || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v and the error %v, want %q", name, list, err, test.want)
		}
	}
}
