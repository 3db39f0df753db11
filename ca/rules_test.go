package ca_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
)

type certs = []*x509.Certificate

// fixture is a chain that exactly one rule refuses.
type fixture struct {
	name  string
	rule  ca.Rule
	leaf  bool
	chain func(*testing.T, *catest.Hierarchy) certs
	roots func(*testing.T) certs
}

// withMutation is the valid chain with another intermediate.
func withMutation(m func(*testing.T, *catest.Hierarchy) catest.Mutation) func(*testing.T, *catest.Hierarchy) certs {
	return func(t *testing.T, h *catest.Hierarchy) certs {
		root := h.Root.Certificate()
		return certs{catest.Mutate(t, h.Intermediate.Certificate(), root, h.RootKey, m(t, h)), root}
	}
}

// withChange is [withMutation] for a mutation of the certificate alone.
func withChange(change func(*x509.Certificate)) func(*testing.T, *catest.Hierarchy) certs {
	return withMutation(func(*testing.T, *catest.Hierarchy) catest.Mutation { return catest.Mutation{Cert: change} })
}

// leafBy is the valid chain with another leaf.
func leafBy(change func(*x509.Certificate)) func(*testing.T, *catest.Hierarchy) certs {
	return func(t *testing.T, h *catest.Hierarchy) certs {
		leaf := catest.Mutate(t, h.Leaf, h.Intermediate.Certificate(), h.IntermediateKey, catest.Mutation{Cert: change})
		return append(certs{leaf}, h.Chain()...)
	}
}

func fixtures() []fixture {
	return append(chainFixtures(), append(caFixtures(), leafFixtures()...)...)
}

func chainFixtures() []fixture {
	return []fixture{
		{name: "a signature with a flipped bit", rule: ca.RuleSignature, chain: func(t *testing.T, h *catest.Hierarchy) certs {
			return certs{catest.BreakSignature(t, h.Intermediate.Certificate()), h.Root.Certificate()}
		}},
		{name: "another root of the same name and key identifier signed it", rule: ca.RuleSignature, chain: withMutation(func(*testing.T, *catest.Hierarchy) catest.Mutation {
			return catest.Mutation{Key: catest.Key("thief")}
		})},
		{name: "a signature with SHA-1", rule: ca.RuleSignatureAlgorithm, chain: withChange(func(c *x509.Certificate) {
			c.SignatureAlgorithm = x509.ECDSAWithSHA1
		})},
		{name: "the issuer has another name", rule: ca.RuleIssuerName, chain: withMutation(func(*testing.T, *catest.Hierarchy) catest.Mutation {
			return catest.Mutation{Issuer: func(c *x509.Certificate) {
				c.RawSubject, c.Subject = nil, pkix.Name{CommonName: "another root"}
			}}
		})},
		{name: "the root is missing", rule: ca.RuleRooted, chain: func(_ *testing.T, h *catest.Hierarchy) certs {
			return certs{h.Intermediate.Certificate()}
		}},
		{name: "no certificate at all", rule: ca.RuleRooted, chain: func(*testing.T, *catest.Hierarchy) certs { return nil }},
		{name: "a root that is not trusted", rule: ca.RuleTrustedRoot, chain: func(_ *testing.T, h *catest.Hierarchy) certs { return h.Chain() },
			roots: func(t *testing.T) certs {
				other := catest.Must(ca.NewRoot(ca.RootOptions{Key: catest.Key("other"), Organization: "other", Now: catest.Now}))(t)
				return other.Chain()
			}},
		{name: "the root twice", rule: ca.RuleNoDuplicate, chain: func(_ *testing.T, h *catest.Hierarchy) certs {
			return append(h.Chain(), h.Root.Certificate())
		}},
		{name: "an intermediate of tomorrow", rule: ca.RuleNotYetValid, chain: withChange(func(c *x509.Certificate) {
			c.NotBefore = catest.Now().Add(24 * time.Hour)
		})},
		{name: "an intermediate of yesterday", rule: ca.RuleExpired, chain: withChange(func(c *x509.Certificate) {
			c.NotAfter = catest.Now().Add(-time.Second)
		})},
		{name: "an intermediate that outlives its root", rule: ca.RuleWithinIssuer, chain: withChange(func(c *x509.Certificate) {
			c.NotAfter = catest.Now().Add(ca.DefaultRootLifetime + time.Second)
		})},
		{name: "the serial number zero", rule: ca.RuleSerial, chain: withChange(func(c *x509.Certificate) {
			c.SerialNumber = new(big.Int)
		})},
		{name: "the authority key identifier of another key", rule: ca.RuleAuthorityKeyID, chain: withMutation(func(*testing.T, *catest.Hierarchy) catest.Mutation {
			return catest.Mutation{Issuer: func(c *x509.Certificate) { c.SubjectKeyId = []byte("another key") }}
		})},
		{name: "a critical extension that nobody knows", rule: ca.RuleKnownCritical, chain: withChange(func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, Critical: true, Value: []byte{5, 0}}}
		})},
	}
}

func caFixtures() []fixture {
	return []fixture{
		{name: "no subject key identifier", rule: ca.RuleSubjectKeyID, chain: withMutation(func(t *testing.T, h *catest.Hierarchy) catest.Mutation {
			valid := h.Intermediate.Certificate()
			return catest.Mutation{Cert: func(c *x509.Certificate) {
				// crypto/x509 adds an identifier where it knows that this is a CA.
				c.IsCA, c.BasicConstraintsValid, c.SubjectKeyId = false, false, nil
				c.ExtraExtensions = []pkix.Extension{catest.Extension(t, valid, catest.OIDBasicConstraints, true)}
			}}
		})},
		{name: "a P-521 key", rule: ca.RuleKey, chain: withKey(func(t *testing.T) crypto.Signer {
			return catest.Must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))(t)
		})},
		{name: "an Ed25519 key", rule: ca.RuleKey, chain: withKey(func(t *testing.T) crypto.Signer {
			_, key, err := ed25519.GenerateKey(rand.Reader)
			return catest.Must(key, err)(t)
		})},
		{name: "an RSA key of 2048 bits", rule: ca.RuleKey, chain: withKey(func(t *testing.T) crypto.Signer {
			return rsa2048(t)
		})},
		{name: "basic constraints of a leaf", rule: ca.RuleIsCA, chain: withChange(func(c *x509.Certificate) {
			c.IsCA, c.MaxPathLen, c.MaxPathLenZero = false, 0, false
		})},
		{name: "basic constraints that are not critical", rule: ca.RuleCriticalCA, chain: withMutation(func(t *testing.T, h *catest.Hierarchy) catest.Mutation {
			weak := catest.Extension(t, h.Intermediate.Certificate(), catest.OIDBasicConstraints, false)
			return catest.Mutation{Cert: func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{weak} }}
		})},
		{name: "a CA below path length zero", rule: ca.RulePathLength, chain: func(t *testing.T, h *catest.Hierarchy) certs {
			below := catest.Mutate(t, h.Intermediate.Certificate(), h.Intermediate.Certificate(), h.IntermediateKey, catest.Mutation{
				Cert: func(c *x509.Certificate) {
					c.RawSubject, c.Subject = nil, pkix.Name{CommonName: "below"}
					c.PublicKey, c.SubjectKeyId = catest.Key("below").Public(), []byte("below")
				},
			})
			return append(certs{below}, h.Chain()...)
		}},
		{name: "no key usage certSign", rule: ca.RuleCertSign, chain: withChange(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign })},
		{name: "no key usage cRLSign, as Istio's own Makefile makes it", rule: ca.RuleCRLSign, chain: withChange(func(c *x509.Certificate) {
			c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
		})},
		{name: "a CA for servers only", rule: ca.RuleExtKeyUsageCA, chain: withChange(func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		})},
		{name: "a CA without a subject", rule: ca.RuleSubject, chain: withChange(func(c *x509.Certificate) {
			c.RawSubject, c.Subject = nil, pkix.Name{}
		})},
		{name: "an intermediate with the name of its root", rule: ca.RuleDistinctNames, chain: withMutation(func(_ *testing.T, h *catest.Hierarchy) catest.Mutation {
			return catest.Mutation{Cert: func(c *x509.Certificate) { c.RawSubject = h.Root.Certificate().RawSubject }}
		})},
		{name: "a SPIFFE ID as URI constraint", rule: ca.RuleConstraintForm, chain: withChange(func(c *x509.Certificate) {
			c.PermittedDNSDomainsCritical = true
			c.PermittedURIDomains = []string{"spiffe://mesh.example.com"}
		})},
		{name: "a path as URI constraint", rule: ca.RuleConstraintForm, chain: withChange(func(c *x509.Certificate) {
			c.PermittedDNSDomainsCritical = true
			c.PermittedURIDomains = []string{"mesh.example.com/ns/shop"}
		})},
		{name: "a constraint for directory names", rule: ca.RuleConstraintForm, chain: withChange(func(c *x509.Certificate) {
			// permitted: C=DE. crypto/x509 refuses it if it is critical, and else passes over it.
			subtree := []byte{0x30, 0x15, 0xa0, 0x13, 0x30, 0x11, 0xa4, 0x0f, 0x30, 0x0d, 0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, 0x06, 0x13, 0x02, 0x44, 0x45}
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 30}, Value: subtree})
		})},
	}
}

func leafFixtures() []fixture {
	dns := func(c *x509.Certificate) { c.URIs = nil; c.DNSNames = []string{"istiod.istio-system.svc"} }
	all := []fixture{
		{name: "a leaf key of RSA-1024", rule: ca.RuleLeafKey, chain: leafBy(func(c *x509.Certificate) {
			c.PublicKey = &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 1023, 1), E: 65537}
		})},
		{name: "a leaf that is a CA", rule: ca.RuleLeafNotCA, chain: leafBy(func(c *x509.Certificate) { c.IsCA, c.MaxPathLen = true, -1 })},
		{name: "a leaf that may sign certificates", rule: ca.RuleLeafKeyUsage, chain: leafBy(func(c *x509.Certificate) {
			c.KeyUsage |= x509.KeyUsageCertSign
		})},
		{name: "a leaf that cannot sign a handshake", rule: ca.RuleLeafKeyUsage, chain: leafBy(func(c *x509.Certificate) {
			c.KeyUsage = x509.KeyUsageKeyEncipherment
		})},
		{name: "a leaf without extended key usage", rule: ca.RuleLeafExtKeyUsage, chain: leafBy(func(c *x509.Certificate) { c.ExtKeyUsage = nil })},
		{name: "a leaf for any use", rule: ca.RuleLeafExtKeyUsage, chain: leafBy(func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny}
		})},
		{name: "a leaf that signs code too", rule: ca.RuleLeafExtKeyUsage, chain: leafBy(func(c *x509.Certificate) {
			c.ExtKeyUsage = append([]x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}, c.ExtKeyUsage...)
		})},
		{name: "a leaf without names", rule: ca.RuleLeafNames, chain: leafBy(func(c *x509.Certificate) { c.URIs = nil })},
		{name: "a SPIFFE ID and a DNS name", rule: ca.RuleLeafNames, chain: leafBy(func(c *x509.Certificate) { c.DNSNames = []string{"cart"} })},
		{name: "two SPIFFE IDs", rule: ca.RuleLeafNames, chain: leafBy(func(c *x509.Certificate) {
			c.URIs = append(c.URIs, spiffeid.RequireFromString("spiffe://mesh.example.com/ns/shop/sa/pay").URL())
		})},
		{name: "a URI that is not a SPIFFE ID", rule: ca.RuleLeafNames, chain: leafBy(func(c *x509.Certificate) {
			c.URIs = []*url.URL{{Scheme: "https", Host: "mesh.example.com"}}
		})},
		{name: "an IP address as name", rule: ca.RuleLeafNames, chain: leafBy(func(c *x509.Certificate) { c.IPAddresses = []net.IP{{10, 0, 0, 1}} })},
		{name: "an e-mail address as name", rule: ca.RuleLeafNames, chain: leafBy(func(c *x509.Certificate) { c.EmailAddresses = []string{"a@example.com"} })},
		{name: "an empty subject beside a SAN that is not critical", rule: ca.RuleLeafCriticalNames, chain: func(t *testing.T, h *catest.Hierarchy) certs {
			weak := catest.Extension(t, h.Leaf, catest.OIDSubjectAltName, false)
			return leafBy(func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{weak} })(t, h)
		}},
		{name: "a trust domain outside the name constraint", rule: ca.RuleLeafPermittedNames, chain: constrainedTo("other.example.com", nil)},
		{name: "a DNS name outside the name constraint", rule: ca.RuleLeafPermittedNames, chain: constrainedTo("mesh.example.com", dns)},
	}
	for i := range all {
		all[i].leaf = true
	}
	return all
}

func withKey(generate func(*testing.T) crypto.Signer) func(*testing.T, *catest.Hierarchy) certs {
	return withMutation(func(t *testing.T, _ *catest.Hierarchy) catest.Mutation {
		return catest.Mutation{Cert: func(c *x509.Certificate) { c.PublicKey = generate(t).Public() }}
	})
}

// constrainedTo is a leaf below an intermediate with name constraints.
func constrainedTo(trustDomain string, change func(*x509.Certificate)) func(*testing.T, *catest.Hierarchy) certs {
	return func(t *testing.T, h *catest.Hierarchy) certs {
		key := catest.Key("constrained")
		issuer := h.Below(t, h.Root, key, ca.IntermediateOptions{
			Constraints: &ca.NameConstraints{TrustDomain: trustDomain, DNSNames: []string{"istiod.other-system.svc"}},
		})
		leaf := catest.Mutate(t, h.Leaf, issuer.Certificate(), key, catest.Mutation{Cert: change})
		return append(certs{leaf}, issuer.Chain()...)
	}
}

func (f fixture) verify(t *testing.T, except ...ca.Rule) []*ca.Violation {
	h := catest.New(t)
	o := ca.VerifyOptions{Now: catest.Now, Except: except}
	if f.roots != nil {
		o.Roots = f.roots(t)
	}
	if f.leaf {
		return ca.VerifyLeaf(f.chain(t, h), o)
	}
	return ca.VerifyIntermediate(f.chain(t, h), o)
}

func TestRules_EachFixtureIsRefusedByItsRuleAlone(t *testing.T) {
	t.Parallel()
	for _, f := range fixtures() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			violations := f.verify(t)
			if len(violations) == 0 {
				t.Fatal("no rule refuses it")
			}
			for _, v := range violations {
				if !errors.Is(v, f.rule) {
					t.Errorf("got the violation %q, want only those of %q", v, f.rule)
				}
				if v.Detail == "" || !strings.Contains(v.Error(), string(f.rule)) {
					t.Errorf("the violation %q does not name rule and detail", v)
				}
			}
			if f.rule == ca.RuleRooted {
				return // An empty chain is refused whatever is excepted.
			}
			if left := f.verify(t, f.rule); len(left) > 0 {
				t.Errorf("without the rule it is still refused: %v", left)
			}
		})
	}
}

func TestRules_EachOwnsAFixture(t *testing.T) {
	t.Parallel()
	owned := make(map[ca.Rule]bool)
	for _, f := range fixtures() {
		owned[f.rule] = true
	}
	for _, info := range ca.Rules() {
		if !owned[info.Rule] {
			t.Errorf("no fixture belongs to %q", info.Rule)
		}
		if info.Demand == "" || info.Source == "" {
			t.Errorf("%q has no demand or no source", info.Rule)
		}
		delete(owned, info.Rule)
	}
	for rule := range owned {
		t.Errorf("the fixture of %q belongs to no rule", rule)
	}
}

func TestVerify_ValidChains(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	issuing := h.Below(t, h.Root, catest.Key("issuing"), ca.IntermediateOptions{PathLen: 1})
	tests := map[string]struct {
		chain  certs
		verify func([]*x509.Certificate, ca.VerifyOptions) []*ca.Violation
	}{
		"a root alone":                      {h.Root.Chain(), ca.VerifyIntermediate},
		"an intermediate and its root":      {h.Chain(), ca.VerifyIntermediate},
		"a cluster below an issuing CA":     {h.Below(t, issuing, catest.Key("cluster"), ca.IntermediateOptions{}).Chain(), ca.VerifyIntermediate},
		"a leaf, its intermediate and root": {h.LeafChain(), ca.VerifyLeaf},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			roots := certs{h.Root.Certificate()}
			if violations := test.verify(test.chain, ca.VerifyOptions{Now: catest.Now, Roots: roots}); violations != nil {
				t.Errorf("got the violations %v, want none", violations)
			}
		})
	}
}

func TestVerify_SignatureOfAGivenRootIsIgnored(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	broken := catest.BreakSignature(t, h.Root.Certificate())
	chain := certs{h.Intermediate.Certificate(), broken}
	for name, test := range map[string]struct {
		roots certs
		want  int
	}{
		"no root was given":      {nil, 1},
		"another root was given": {h.Root.Chain(), 2},
		"this root was given":    {certs{broken}, 0},
	} {
		if got := ca.VerifyIntermediate(chain, ca.VerifyOptions{Roots: test.roots, Now: catest.Now}); len(got) != test.want {
			t.Errorf("%s: %d violations, want %d: %v", name, len(got), test.want, got)
		}
	}
}

func TestVerify_ReturnsAllViolationsInOrder(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	late := ca.VerifyOptions{Now: catest.After(2 * ca.DefaultRootLifetime)}
	var got []string
	for _, v := range ca.VerifyLeaf(h.LeafChain(), late) {
		got = append(got, string(v.Rule)+" "+ca.Describe(v.Cert))
	}
	want := []string{
		"expired " + catest.LeafID,
		"expired " + h.Intermediate.Certificate().Subject.CommonName,
		"expired " + h.Root.Certificate().Subject.CommonName,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("violations (-want +got):\n%s", diff)
	}
}

func TestVerify_ValidityPeriod(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	tests := map[string]struct {
		now  time.Time
		want []ca.Rule
	}{
		"before notBefore": {h.Leaf.NotBefore.Add(-time.Nanosecond), []ca.Rule{ca.RuleNotYetValid, ca.RuleNotYetValid, ca.RuleNotYetValid}},
		"at notBefore":     {h.Leaf.NotBefore, nil},
		"at notAfter":      {h.Leaf.NotAfter, nil},
		"after notAfter":   {h.Leaf.NotAfter.Add(time.Nanosecond), []ca.Rule{ca.RuleExpired}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []ca.Rule
			for _, v := range ca.VerifyLeaf(h.LeafChain(), ca.VerifyOptions{Now: func() time.Time { return test.now }}) {
				got = append(got, v.Rule)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("rules (-want +got):\n%s", diff)
			}
		})
	}
}
