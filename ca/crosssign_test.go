package ca_test

import (
	"crypto"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
)

const foreignDomain = "other.example.org"

// foreign is the other mesh of these tests.
func foreign() *ca.ForeignMesh {
	return &ca.ForeignMesh{TrustDomain: foreignDomain, OwnTrustDomain: catest.Organization}
}

// newRoot is a root whose key has a name.
func newRoot(t testing.TB, name string) *ca.Authority {
	t.Helper()
	return catest.Must(ca.NewRoot(ca.RootOptions{Key: catest.Key(name), CommonName: name, Organization: "other", Now: catest.Now}))(t)
}

// crossed is a mesh below the other root, and the cross-certificate of that root.
type crossed struct {
	old, other *ca.Authority
	cross      *x509.Certificate
	east       *ca.Authority // below the other root
}

func crossSign(t *testing.T, o ca.CrossSignOptions) crossed {
	t.Helper()
	h := catest.New(t)
	c := crossed{old: h.Root, other: newRoot(t, "next")}
	c.cross = catest.Must(c.old.CrossSign(c.other.Certificate(), o))(t)
	c.east = h.Below(t, c.other, catest.Key("other east"), ca.IntermediateOptions{})
	return c
}

// chain is that of a leaf that the other mesh issued, by way of the cross-certificate.
func (c crossed) chain(t *testing.T, r ca.Request) certs {
	t.Helper()
	r.PublicKey = catest.Key("other leaf").Public()
	leaf := catest.Issue(t, c.east, workloadProfile(t), r)
	return certs{leaf, c.east.Certificate(), c.cross, c.old.Certificate()}
}

// verify asks crypto/x509, as istiod does.
func verify(chain certs, at time.Time) error {
	intermediates, roots := x509.NewCertPool(), x509.NewCertPool()
	for _, cert := range chain[1 : len(chain)-1] {
		intermediates.AddCert(cert)
	}
	roots.AddCert(chain[len(chain)-1])
	_, err := chain[0].Verify(x509.VerifyOptions{
		Intermediates: intermediates, Roots: roots, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	return err
}

func identity(id string) ca.Request { return ca.Request{SPIFFEID: spiffeid.RequireFromString(id)} }

func TestCrossSign_LeafOfTheOtherRootVerifies(t *testing.T) {
	t.Parallel()
	const theirs, ours = "spiffe://" + foreignDomain + "/ns/shop/sa/cart", catest.LeafID
	shared := foreign()
	shared.OwnTrustDomain, shared.AllowSharedTrustDomain = foreignDomain, true
	istiod := ca.Request{DNSNames: []string{"istiod.istio-system.svc"}}
	tests := map[string]struct {
		foreign *ca.ForeignMesh
		leaf    ca.Request
		valid   bool
	}{
		"the next root, an identity":                            {nil, identity(ours), true},
		"the next root, istiod":                                 {nil, istiod, true},
		"another mesh, an identity of its own":                  {foreign(), identity(theirs), true},
		"another mesh, an identity of ours":                     {foreign(), identity(ours), false},
		"another mesh, its istiod, which could pose as ours":    {foreign(), istiod, false},
		"another mesh, a host":                                  {foreign(), ca.Request{DNSNames: []string{foreignDomain}}, false},
		"another mesh of the same trust domain":                 {shared, identity(theirs), true},
		"another mesh of the same trust domain, another domain": {shared, identity(ours), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := crossSign(t, ca.CrossSignOptions{Foreign: test.foreign})
			chain := c.chain(t, test.leaf)
			if err := verify(chain, catest.Now()); (err == nil) != test.valid {
				t.Errorf("crypto/x509 says %v, want valid: %t", err, test.valid)
			}
			violations := ca.VerifyLeaf(chain, ca.VerifyOptions{Now: catest.Now, Roots: c.old.Chain()})
			if (violations == nil) != test.valid {
				t.Errorf("the chain rules say %v, want valid: %t", violations, test.valid)
			}
			for _, v := range violations {
				if !errors.Is(v, ca.RuleLeafPermittedNames) {
					t.Errorf("got the violation %v, want only those of %s", v, ca.RuleLeafPermittedNames)
				}
			}
			own := certs{chain[0], chain[1], c.other.Certificate()}
			if err := verify(own, catest.Now()); err != nil {
				t.Errorf("by way of its own root: %v", err)
			}
		})
	}
}

func TestCrossSign_ExcludesAddressesOfTheOtherMesh(t *testing.T) {
	t.Parallel()
	c := crossSign(t, ca.CrossSignOptions{Foreign: foreign()})
	chain := c.chain(t, identity("spiffe://"+foreignDomain+"/ns/shop/sa/cart"))
	for _, ip := range []net.IP{net.IPv4(10, 0, 0, 1).To4(), net.ParseIP("fd00::1")} {
		chain[0] = catest.Mutate(t, chain[0], c.east.Certificate(), catest.Key("other east"), catest.Mutation{
			Cert: func(leaf *x509.Certificate) { leaf.IPAddresses = []net.IP{ip} },
		})
		if err := verify(chain, catest.Now()); err == nil {
			t.Errorf("a leaf with the address %s passes", ip)
		}
	}
}

func TestCrossSign_CopiesNameAndKey(t *testing.T) {
	t.Parallel()
	c := crossSign(t, ca.CrossSignOptions{})
	root := c.other.Certificate()
	for what, pair := range map[string][2][]byte{
		"subject":                  {root.RawSubject, c.cross.RawSubject},
		"issuer":                   {c.old.Certificate().RawSubject, c.cross.RawIssuer},
		"key":                      {root.RawSubjectPublicKeyInfo, c.cross.RawSubjectPublicKeyInfo},
		"subject key identifier":   {root.SubjectKeyId, c.cross.SubjectKeyId},
		"authority key identifier": {c.old.Certificate().SubjectKeyId, c.cross.AuthorityKeyId},
	} {
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	if c.cross.SerialNumber.Cmp(root.SerialNumber) == 0 {
		t.Error("the serial number is that of the root")
	}
}

func TestCrossSign_EndsWithinBothRoots(t *testing.T) {
	t.Parallel()
	now := catest.Now()
	tests := map[string]struct {
		begin     time.Duration // of the other root, after now
		life      time.Duration // of the other root
		requested time.Duration
		want      time.Duration
		err       string
	}{
		"by default until the old root ends":   {life: 2 * ca.DefaultRootLifetime, want: ca.DefaultRootLifetime},
		"by default until the other root ends": {life: time.Hour, want: time.Hour},
		"as requested":                         {life: 2 * time.Hour, requested: time.Hour, want: time.Hour},
		"no longer than the old root":          {life: 2 * ca.DefaultRootLifetime, requested: ca.DefaultRootLifetime + time.Second, err: "after its issuer root 2dedb0"},
		"no longer than the other root":        {life: time.Hour, requested: 2 * time.Hour, err: "after the root that it certifies next"},
		"not in the past":                      {life: time.Hour, requested: -time.Hour, err: "has passed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := catest.New(t)
			other := catest.Must(ca.NewRoot(ca.RootOptions{Key: catest.Key("next"), CommonName: "next", Organization: "other", Now: catest.Now, NotAfter: now.Add(test.life)}))(t)
			o := ca.CrossSignOptions{}
			if test.requested != 0 {
				o.NotAfter = now.Add(test.requested)
			}
			cross, err := h.Root.CrossSign(other.Certificate(), o)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got the error %v, want one with %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !cross.NotAfter.Equal(now.Add(test.want)) || !cross.NotBefore.Equal(now.Add(-ca.Backdate)) {
				t.Errorf("it lives from %s to %s", cross.NotBefore, cross.NotAfter)
			}
		})
	}
}

func TestCrossSign_BeginsWithinBothRoots(t *testing.T) {
	t.Parallel()
	later := catest.After(30 * time.Second)
	old := catest.Must(ca.Load(catest.Key("root"), catest.New(t).Root.Chain(), later))(t)
	begin := catest.Now().Add(20 * time.Second)
	next := mutatedRoot(t, "next", func(c *x509.Certificate) { c.NotBefore = begin })
	if cross := catest.Must(old.CrossSign(next, ca.CrossSignOptions{}))(t); !cross.NotBefore.Equal(begin) {
		t.Errorf("it begins at %s, want %s", cross.NotBefore, begin)
	}
}

// mutatedRoot is a root that differs from a valid one.
func mutatedRoot(t testing.TB, name string, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	valid := newRoot(t, name).Certificate()
	return catest.Mutate(t, valid, valid, catest.Key(name), catest.Mutation{Cert: change})
}

// selfSigned names the root of a mutation in both places.
func selfSigned(t testing.TB, name string, key crypto.Signer, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	valid := newRoot(t, name).Certificate()
	template := *valid
	change(&template)
	template.PublicKey = key.Public()
	return catest.Mutate(t, &template, &template, key, catest.Mutation{})
}

func TestCrossSign_IsRefusedByANamedRule(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	pathLength := func(n int) *ca.Authority {
		root := mutatedRoot(t, "old", func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = n, n == 0 })
		return catest.Must(ca.Load(catest.Key("old"), certs{root}, catest.Now))(t)
	}
	next := newRoot(t, "next").Certificate()
	ofMesh := func(own, other string) *ca.ForeignMesh {
		return &ca.ForeignMesh{TrustDomain: other, OwnTrustDomain: own}
	}
	tests := map[string]struct {
		old     *ca.Authority
		root    *x509.Certificate
		foreign *ca.ForeignMesh
		want    ca.Rule
		detail  string
	}{
		"an old root of path length 1": {old: pathLength(1), root: next, want: ca.RulePathLength, detail: "has path length 1, but 2 CAs stand below it"},
		"an old root of path length 0": {old: pathLength(0), root: next, want: ca.RulePathLength, detail: "has path length 0, but 2 CAs stand below it"},
		"two roots of one name": {old: h.Root, root: selfSigned(t, "next", catest.Key("next"), func(c *x509.Certificate) {
			c.RawSubject = h.Root.Certificate().RawSubject
		}), want: ca.RuleDistinctNames, detail: "shares its subject"},
		"the root itself":           {old: h.Root, root: h.Root.Certificate(), want: ca.RuleNoDuplicate, detail: "has the key of the authority"},
		"an intermediate signs":     {old: h.Intermediate, root: next, want: ca.RuleRooted, detail: "only a root cross-signs"},
		"an intermediate is signed": {old: newRoot(t, "old"), root: h.Intermediate.Certificate(), want: ca.RuleRooted, detail: "issued it and is missing"},
		"a leaf":                    {old: newRoot(t, "old"), root: h.Leaf, want: ca.RuleIsCA, detail: "is not a CA"},
		"a root that has expired": {old: h.Root, root: mutatedRoot(t, "next", func(c *x509.Certificate) {
			c.NotAfter = catest.Now().Add(-time.Second)
		}), want: ca.RuleExpired, detail: "expired at"},
		"a root whose signature is not its own": {old: h.Root, root: catest.BreakSignature(t, next), want: ca.RuleSignature, detail: "did not sign it"},
		"a root under which no cluster can be": {old: h.Root, root: mutatedRoot(t, "next", func(c *x509.Certificate) {
			c.MaxPathLen, c.MaxPathLenZero = 0, true
		}), want: ca.RulePathLength, detail: "has path length 0, but 1 CAs stand below it"},
		"a root with name constraints": {old: h.Root, root: mutatedRoot(t, "next", func(c *x509.Certificate) {
			c.PermittedDNSDomains = []string{"example.org"}
		}), want: ca.RuleCrossLimits, detail: "has name constraints"},
		"a root for certain uses": {old: h.Root, root: mutatedRoot(t, "next", func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		}), want: ca.RuleCrossLimits, detail: "has an extended key usage"},
		"a root with a key that is too short": {old: h.Root, root: selfSigned(t, "next", rsa2048(t), func(*x509.Certificate) {}), want: ca.RuleKey, detail: "RSA-2048"},
		"another mesh of our trust domain":    {old: h.Root, root: next, foreign: ofMesh("a.example", "a.example"), want: ca.RuleCrossTrustDomain, detail: "could mint the identities of a.example"},
		"another mesh above our trust domain": {old: h.Root, root: next, foreign: ofMesh("mesh.a.example", "a.example"), want: ca.RuleCrossTrustDomain, detail: "since its own trust domain is a.example"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := test.old.CrossSign(test.root, ca.CrossSignOptions{Foreign: test.foreign})
			var violations *ca.RuleError
			if !errors.As(err, &violations) || !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.detail) {
				t.Errorf("got the error %v, want %q with %q", err, test.want, test.detail)
			}
		})
	}
}

func TestCrossSign_OtherTrustDomains(t *testing.T) {
	t.Parallel()
	for _, domain := range []string{"a." + catest.Organization, "x" + catest.Organization, "example.org"} {
		crossSign(t, ca.CrossSignOptions{Foreign: &ca.ForeignMesh{TrustDomain: domain, OwnTrustDomain: catest.Organization}})
	}
}

func TestCrossSign_ChecksItsOptions(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	next := newRoot(t, "next").Certificate()
	for name, test := range map[string]struct {
		root    *x509.Certificate
		foreign *ca.ForeignMesh
		want    string
	}{
		"no root":                    {nil, nil, "the root is missing"},
		"no trust domain of its own": {next, &ca.ForeignMesh{OwnTrustDomain: "a.example"}, `trust domain ""`},
		"no trust domain of ours":    {next, &ca.ForeignMesh{TrustDomain: "a.example"}, `trust domain ""`},
		"a trust domain with scheme": {next, &ca.ForeignMesh{TrustDomain: "spiffe://a.example", OwnTrustDomain: "b.example"}, "is not a host"},
	} {
		if _, err := h.Root.CrossSign(test.root, ca.CrossSignOptions{Foreign: test.foreign}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got the error %v, want one with %q", name, err, test.want)
		}
	}
}

func TestCrossSign_ImportedRoot(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	root := mutatedRoot(t, "next", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign })
	cross := catest.Must(h.Root.CrossSign(root, ca.CrossSignOptions{}))(t)
	if cross.KeyUsage&x509.KeyUsageCRLSign == 0 {
		t.Error("the cross-certificate may not sign CRLs")
	}
}

// counter counts what a key signs.
type counter struct {
	crypto.Signer
	signed int
}

func (c *counter) Sign(random io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	c.signed++
	return c.Signer.Sign(random, digest, o)
}

func TestCrossSign_ChecksTheRulesBeforeTheKeySigns(t *testing.T) {
	t.Parallel()
	next := newRoot(t, "next").Certificate()
	for name, test := range map[string]struct {
		change func(*x509.Certificate)
		want   int
	}{
		"a path length that is too small": {func(c *x509.Certificate) { c.MaxPathLen = 1 }, 0},
		"no path length":                  {func(*x509.Certificate) {}, 1},
	} {
		key := &counter{Signer: catest.Key("old")}
		old := catest.Must(ca.Load(key, certs{mutatedRoot(t, "old", test.change)}, catest.Now))(t)
		if _, err := old.CrossSign(next, ca.CrossSignOptions{}); (err == nil) != (test.want == 1) || key.signed != test.want {
			t.Errorf("%s: the error is %v, and the key has signed %d times, want %d", name, err, key.signed, test.want)
		}
	}
}
