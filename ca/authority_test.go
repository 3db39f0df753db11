package ca_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
)

// opaque is a key that only signs, as one in an HSM does. It counts.
type opaque struct {
	crypto.Signer
	signatures *int
}

func newOpaque(key crypto.Signer) opaque { return opaque{key, new(int)} }

func (k opaque) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	*k.signatures++
	return k.Signer.Sign(random, digest, opts)
}

// caKeys are keys of each type, made once for all tests.
var caKeys = map[ca.KeyType]func() (crypto.Signer, error){
	ca.P256:    sync.OnceValues(func() (crypto.Signer, error) { return ca.GenerateKey(ca.P256) }),
	ca.P384:    sync.OnceValues(func() (crypto.Signer, error) { return ca.GenerateKey(ca.P384) }),
	ca.RSA3072: sync.OnceValues(func() (crypto.Signer, error) { return ca.GenerateKey(ca.RSA3072) }),
	ca.RSA4096: sync.OnceValues(func() (crypto.Signer, error) { return ca.GenerateKey(ca.RSA4096) }),
}

func caKey(t testing.TB, keyType ca.KeyType) crypto.Signer {
	t.Helper()
	return catest.Must(caKeys[keyType]())(t)
}

func TestNewRoot_KeyTypes(t *testing.T) {
	t.Parallel()
	for _, keyType := range ca.KeyTypes() {
		t.Run(string(keyType), func(t *testing.T) {
			t.Parallel()
			key := caKey(t, keyType)
			root := catest.Must(ca.NewRoot(ca.RootOptions{Key: newOpaque(key), Organization: "mesh"}))(t)
			if got := catest.Must(ca.KeyTypeOf(root.Certificate().PublicKey))(t); got != keyType {
				t.Errorf("the key type is %s, want %s", got, keyType)
			}
			cert := catest.Issue(t, root, catest.Must(ca.Intermediate(ca.IntermediateOptions{}))(t), ca.Request{
				PublicKey: catest.Must(ca.GenerateKey(ca.P256))(t).Public(), CommonName: "east",
			})
			if violations := ca.VerifyIntermediate(certs{cert, root.Certificate()}, ca.VerifyOptions{}); violations != nil {
				t.Errorf("got the violations %v, want none", violations)
			}
		})
	}
}

func TestNewRoot_RefusesOtherKeys(t *testing.T) {
	t.Parallel()
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	tests := map[string]struct {
		key  crypto.Signer
		want string
	}{
		"Ed25519":  {catest.Must(edwards, err)(t), "Ed25519"},
		"P-521":    {catest.Must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))(t), "P-521"},
		"P-224":    {catest.Must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))(t), "P-224"},
		"RSA-2048": {rsa2048(t), "RSA-2048"},
	}
	h := catest.New(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := "a CA key of type " + test.want + ", expected one of P-256, P-384, RSA-3072, RSA-4096"
			if _, err := ca.NewRoot(ca.RootOptions{Key: test.key, Organization: "mesh"}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("a root: got the error %v, want %q", err, want)
			}
			_, err := h.Root.Prepare(catest.Must(ca.Intermediate(ca.IntermediateOptions{}))(t), ca.Request{PublicKey: test.key.Public(), CommonName: "east"})
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("an intermediate: got the error %v, want %q", err, want)
			}
		})
	}
}

func TestNewRoot_ChecksItsOptions(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*ca.RootOptions)
		want   string
	}{
		"no key":                           {func(o *ca.RootOptions) { o.Key = nil }, "the key is missing"},
		"no organization":                  {func(o *ca.RootOptions) { o.Organization = "" }, "the organization is missing"},
		"an organization that is too long": {func(o *ca.RootOptions) { o.Organization = strings.Repeat("o", 65) }, "longer than 64 characters"},
		"a control character":              {func(o *ca.RootOptions) { o.CommonName = "ro\x07ot" }, "cannot be printed"},
		"a space at the end":               {func(o *ca.RootOptions) { o.CommonName = "root " }, "begins or ends with a space"},
		"an end that has passed":           {func(o *ca.RootOptions) { o.NotAfter = catest.Now() }, "has passed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := ca.RootOptions{Key: catest.Key("root"), Organization: "mesh", Now: catest.Now}
			test.change(&o)
			if _, err := ca.NewRoot(o); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got the error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestLoad_ChecksKeyAndChain(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	tests := map[string]struct {
		key   crypto.Signer
		chain certs
		now   func() time.Time
		want  string
		rule  ca.Rule
	}{
		"the key of the root for the intermediate": {key: h.RootKey, chain: h.Chain(), want: "the key does not belong to the certificate of east"},
		"no key":                  {chain: h.Chain(), want: "the key is missing"},
		"no chain":                {key: h.RootKey, want: "the chain is empty", rule: ca.RuleRooted},
		"a chain without a root":  {key: h.IntermediateKey, chain: h.Chain()[:1], want: "is missing", rule: ca.RuleRooted},
		"a chain upside down":     {key: h.RootKey, chain: certs{h.Chain()[1], h.Chain()[0]}, want: "as its issuer, but", rule: ca.RuleIssuerName},
		"a leaf":                  {key: h.LeafKey, chain: h.LeafChain(), want: "is not a CA", rule: ca.RuleIsCA},
		"a chain that is expired": {key: h.RootKey, chain: h.Root.Chain(), now: catest.After(2 * ca.DefaultRootLifetime), want: "expired at", rule: ca.RuleExpired},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.now == nil {
				test.now = catest.Now
			}
			_, err := ca.Load(test.key, test.chain, test.now)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got the error %v, want one with %q", err, test.want)
			}
			var ruleError *ca.RuleError
			if test.rule != "" && (!errors.Is(err, test.rule) || !errors.As(err, &ruleError)) {
				t.Errorf("the error %v is not a RuleError of %q", err, test.rule)
			}
		})
	}
}

func TestBelow(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	east := h.Intermediate.Certificate()
	below := catest.Must(h.Root.Below(h.IntermediateKey, east))(t)
	if diff := cmp.Diff(h.Chain(), below.Chain(), catest.Identical()); diff != "" {
		t.Errorf("chain (-want +got):\n%s", diff)
	}
	other := catest.Must(ca.NewRoot(ca.RootOptions{Key: catest.Key("other"), Organization: "other", Now: catest.Now}))(t)
	tests := map[string]struct {
		issuer *ca.Authority
		key    crypto.Signer
		cert   *x509.Certificate
		want   string
		rule   ca.Rule
	}{
		"nothing":                           {issuer: h.Root, key: h.IntermediateKey, want: "the certificate is missing"},
		"no key":                            {issuer: h.Root, cert: east, want: "the key is missing"},
		"the key of another CA":             {issuer: h.Root, key: h.RootKey, cert: east, want: "the key does not belong to the certificate of east"},
		"what another CA issued":            {issuer: other, key: h.IntermediateKey, cert: east, want: "as its issuer, but", rule: ca.RuleIssuerName},
		"a leaf":                            {issuer: h.Intermediate, key: h.LeafKey, cert: h.Leaf, want: "is not a CA", rule: ca.RuleIsCA},
		"a CA below one that may have none": {issuer: below, key: h.IntermediateKey, cert: east, want: "path length", rule: ca.RulePathLength},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := test.issuer.Below(test.key, test.cert)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got the error %v, want one with %q", err, test.want)
			}
			if test.rule != "" && !errors.Is(err, test.rule) {
				t.Errorf("the error %v is not of %q", err, test.rule)
			}
		})
	}
}

func TestLoad_CopiesTheChain(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	chain := h.Chain()
	a := catest.Must(ca.Load(h.IntermediateKey, chain, catest.Now))(t)
	chain[0] = nil
	a.Chain()[0] = nil
	if a.Certificate() == nil || a.Chain()[0] == nil || a.Root() != h.Root.Certificate() {
		t.Error("who changes a slice changes the authority")
	}
}

func TestFormat_PrintsNoKey(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	want := "ca.Authority(" + h.Root.Certificate().Subject.CommonName + ")"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		if got := fmt.Sprintf(verb, h.Root); got != want {
			t.Errorf("%s prints %q, want %q", verb, got, want)
		}
	}
}

func TestMatchKey(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	if !ca.MatchKey(newOpaque(h.LeafKey), h.Leaf) {
		t.Error("the key of a certificate does not match it")
	}
	if ca.MatchKey(h.RootKey, h.Leaf) || ca.MatchKey(opaque{Signer: noKey{}}, h.Leaf) {
		t.Error("another key matches")
	}
	if ca.MatchKey(h.RootKey, &x509.Certificate{}) {
		t.Error("a certificate without a key matches")
	}
}

// noKey has a public key of a type that cannot be compared.
type noKey struct{ crypto.Signer }

func (noKey) Public() crypto.PublicKey { return "no key" }
