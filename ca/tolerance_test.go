package ca_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
)

var makeRSA2048 = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

func rsa2048(t testing.TB) crypto.Signer {
	t.Helper()
	return catest.Must(makeRSA2048())(t)
}

// bareRoot is a root without extensions that crypto/x509 adds of its own accord.
func bareRoot(t testing.TB, name string, extensions ...pkix.Extension) *x509.Certificate {
	t.Helper()
	return mutatedRoot(t, name, func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.SubjectKeyId, c.AuthorityKeyId = false, false, nil, nil
		c.ExtraExtensions = extensions
	})
}

// importedRoots are roots as people have them.
func importedRoots(t testing.TB) map[string]struct {
	key       crypto.Signer
	cert      *x509.Certificate
	tolerated []ca.Rule
} {
	basic := catest.Extension(t, newRoot(t, "old").Certificate(), catest.OIDBasicConstraints, true)
	weak := catest.Extension(t, newRoot(t, "old").Certificate(), catest.OIDBasicConstraints, false)
	old := catest.Key("old")
	type root = struct {
		key       crypto.Signer
		cert      *x509.Certificate
		tolerated []ca.Rule
	}
	return map[string]root{
		"as trustgen makes it": {old, newRoot(t, "old").Certificate(), nil},
		"as Istio's Makefile makes it": {old, mutatedRoot(t, "old", func(c *x509.Certificate) {
			c.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign
		}), []ca.Rule{ca.RuleCRLSign}},
		"as a bare openssl req -x509 makes it": {old, mutatedRoot(t, "old", func(c *x509.Certificate) {
			c.KeyUsage, c.ExtraExtensions = 0, []pkix.Extension{weak}
		}), []ca.Rule{ca.RuleCriticalCA, ca.RuleCertSign}},
		"without key identifiers": {old, bareRoot(t, "old", basic), []ca.Rule{ca.RuleSubjectKeyID}},
		"with a key of RSA-2048":  {rsa2048(t), selfSigned(t, "old", rsa2048(t), func(*x509.Certificate) {}), []ca.Rule{ca.RuleKey}},
		"signed by itself with SHA-1": {old, mutatedRoot(t, "old", func(c *x509.Certificate) {
			c.SignatureAlgorithm = x509.ECDSAWithSHA1
		}), []ca.Rule{ca.RuleSignatureAlgorithm}},
	}
}

func ruleNames(all []*ca.Violation) []ca.Rule {
	var names []ca.Rule
	for _, v := range all {
		names = append(names, v.Rule)
	}
	slices.Sort(names)
	return names
}

func TestLoadImported_Tolerates(t *testing.T) {
	t.Parallel()
	for name, root := range importedRoots(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			slices.Sort(root.tolerated)
			old, tolerated, err := ca.LoadImported(root.key, certs{root.cert}, catest.Now)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(root.tolerated, ruleNames(tolerated)); diff != "" {
				t.Errorf("tolerated (-want +got):\n%s", diff)
			}
			for _, v := range tolerated {
				if v.Consequence == "" || v.Cert == nil {
					t.Errorf("%v has no consequence", v)
				}
			}
			if _, err := ca.Load(root.key, certs{root.cert}, catest.Now); (err == nil) != (len(root.tolerated) == 0) {
				t.Errorf("Load of the same: %v", err)
			}
			cert := catest.Issue(t, old, intermediateProfile(t), eastRequest())
			east := certs{cert, root.cert}
			refused, found := ca.Tolerate(ca.VerifyIntermediate(east, ca.VerifyOptions{Now: catest.Now}))
			if len(refused) > 0 || len(found) != len(tolerated) {
				t.Errorf("an intermediate below it: refused %v, tolerated %v", refused, found)
			}
		})
	}
}

func TestLoadImported_LeafVerifies(t *testing.T) {
	t.Parallel()
	for name, root := range importedRoots(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old, _, err := ca.LoadImported(root.key, certs{root.cert}, catest.Now)
			if err != nil {
				t.Fatal(err)
			}
			key := catest.Key("east")
			r := eastRequest()
			r.PublicKey = key.Public()
			cert := catest.Issue(t, old, intermediateProfile(t), r)
			east, _, err := ca.LoadImported(key, certs{cert, root.cert}, catest.Now)
			if err != nil {
				t.Fatal(err)
			}
			leaf := catest.Issue(t, east, workloadProfile(t), cartRequest())
			if err := verify(certs{leaf, cert, root.cert}, catest.Now()); err != nil {
				t.Errorf("crypto/x509: %v", err)
			}
		})
	}
}

func TestLoadImported_Refuses(t *testing.T) {
	t.Parallel()
	p521 := catest.Must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))(t)
	key := catest.Key("old")
	h := catest.New(t)
	tests := map[string]struct {
		key  crypto.Signer
		cert *x509.Certificate
		want ca.Rule
		text string
	}{
		"not a CA": {key, mutatedRoot(t, "old", func(c *x509.Certificate) { c.IsCA, c.MaxPathLen = false, 0 }), ca.RuleIsCA, "is not a CA"},
		"a key usage without certSign": {key, mutatedRoot(t, "old", func(c *x509.Certificate) {
			c.KeyUsage = x509.KeyUsageCRLSign
		}), ca.RuleCertSign, "has no key usage certSign"},
		"expired":           {key, mutatedRoot(t, "old", func(c *x509.Certificate) { c.NotAfter = catest.Now().Add(-1e9) }), ca.RuleExpired, "expired at"},
		"an intermediate":   {catest.Key("intermediate"), h.Intermediate.Certificate(), ca.RuleRooted, "issued it and is missing"},
		"a key of P-521":    {p521, selfSigned(t, "old", p521, func(*x509.Certificate) {}), ca.RuleKey, "P-521"},
		"the serial number": {key, mutatedRoot(t, "old", func(c *x509.Certificate) { c.SerialNumber = new(big.Int) }), ca.RuleSerial, "serial number 0"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := ca.LoadImported(test.key, certs{test.cert}, catest.Now)
			if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("got the error %v, want %q with %q", err, test.want, test.text)
			}
		})
	}
}

func TestLoadImported_RefusesAnIntermediateWithSHA1(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	chain := withChange(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 })(t, h)
	if _, _, err := ca.LoadImported(h.IntermediateKey, chain, catest.Now); !errors.Is(err, ca.RuleSignatureAlgorithm) {
		t.Errorf("got the error %v, want %q", err, ca.RuleSignatureAlgorithm)
	}
}

func TestLoadImported_RefusesAnotherKey(t *testing.T) {
	t.Parallel()
	_, _, err := ca.LoadImported(catest.Key("thief"), newRoot(t, "old").Chain(), catest.Now)
	if !errors.Is(err, ca.ErrKeyMismatch) || !strings.Contains(err.Error(), "old ") {
		t.Errorf("got the error %v, want ErrKeyMismatch with the name", err)
	}
}

func TestTolerances_AreComplete(t *testing.T) {
	t.Parallel()
	known := make(map[ca.Rule]bool)
	for _, info := range ca.Rules() {
		known[info.Rule] = true
	}
	used := make(map[ca.Rule]bool)
	for _, root := range importedRoots(t) {
		for _, rule := range root.tolerated {
			used[rule] = true
		}
	}
	for _, tolerance := range ca.Tolerances() {
		if !known[tolerance.Rule] || !used[tolerance.Rule] || tolerance.When == "" || tolerance.Consequence == "" {
			t.Errorf("%+v: a rule %t, with a fixture %t", tolerance, known[tolerance.Rule], used[tolerance.Rule])
		}
	}
}

func TestCRL_RefusesACAThatMayNotSignCRLs(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]ca.Rule{
		"as Istio's Makefile makes it": ca.RuleCRLSign,
		"without key identifiers":      ca.RuleSubjectKeyID,
	} {
		root := importedRoots(t)[name]
		old, _, err := ca.LoadImported(root.key, certs{root.cert}, catest.Now)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := old.CRL(ca.CRLOptions{Number: big.NewInt(1)}); !errors.Is(err, rule) {
			t.Errorf("%s: got the error %v, want %q", name, err, rule)
		}
	}
}

// No key usage at all is any (RFC 5280 §6.3.3 (f)).
func TestCRL_CAWithoutAKeyUsage(t *testing.T) {
	t.Parallel()
	root := importedRoots(t)["as a bare openssl req -x509 makes it"]
	old, _, err := ca.LoadImported(root.key, certs{root.cert}, catest.Now)
	if err != nil {
		t.Fatal(err)
	}
	list := catest.Must(old.CRL(ca.CRLOptions{Number: big.NewInt(1)}))(t)
	if err := ca.CheckCRL(list, root.cert, catest.Now()); err != nil {
		t.Error(err)
	}
}

func TestVerify_Below(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	issuing := h.Below(t, h.Root, catest.Key("issuing"), ca.IntermediateOptions{PathLen: 1})
	for name, test := range map[string]struct {
		chain certs
		below int
		bad   int
	}{
		"nothing below an intermediate": {h.Chain(), 0, 0},
		"a CA below an intermediate":    {h.Chain(), 1, 1},
		"a CA below an issuing CA":      {issuing.Chain(), 1, 0},
		"two CAs below an issuing CA":   {issuing.Chain(), 2, 1},
		"ten CAs below a root":          {h.Root.Chain(), 10, 0},
	} {
		found := ca.VerifyIntermediate(test.chain, ca.VerifyOptions{Now: catest.Now, Below: test.below})
		if len(found) != test.bad || test.bad > 0 && !errors.Is(found[0], ca.RulePathLength) {
			t.Errorf("%s: got the violations %v", name, found)
		}
	}
}
