package catest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
)

// Now is the time at which the hierarchy is issued.
func Now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// After is a clock that always returns a time d after [Now].
func After(d time.Duration) func() time.Time {
	return func() time.Time { return Now().Add(d) }
}

// Organization and identity of the certificates in a hierarchy.
const (
	Organization = "mesh.example.com"
	LeafID       = "spiffe://mesh.example.com/ns/shop/sa/cart"
)

// Hierarchy is a root, an intermediate and a leaf, issued at [Now] with deterministic keys.
type Hierarchy struct {
	Root, Intermediate       *ca.Authority
	RootKey, IntermediateKey crypto.Signer
	LeafKey                  crypto.Signer
	Leaf                     *x509.Certificate
}

// New makes a hierarchy with P-256 keys.
func New(t testing.TB) *Hierarchy {
	t.Helper()
	h := &Hierarchy{RootKey: Key("root"), IntermediateKey: Key("intermediate"), LeafKey: Key("leaf")}
	h.Root = Must(ca.NewRoot(ca.RootOptions{Key: h.RootKey, Organization: Organization, Now: Now}))(t)
	h.Intermediate = h.Below(t, h.Root, h.IntermediateKey, ca.IntermediateOptions{})
	h.Leaf = Issue(t, h.Intermediate, Must(ca.Workload(ca.WorkloadOptions{}))(t), ca.Request{
		PublicKey: h.LeafKey.Public(),
		SPIFFEID:  spiffeid.RequireFromString(LeafID),
	})
	return h
}

// Below issues an intermediate and loads it.
func (h *Hierarchy) Below(t testing.TB, issuer *ca.Authority, key crypto.Signer, o ca.IntermediateOptions) *ca.Authority {
	t.Helper()
	cert := Issue(t, issuer, Must(ca.Intermediate(o))(t), ca.Request{PublicKey: key.Public(), CommonName: "east"})
	return Must(ca.Load(key, append([]*x509.Certificate{cert}, issuer.Chain()...), Now))(t)
}

// Chain is the intermediate and the root.
func (h *Hierarchy) Chain() []*x509.Certificate { return h.Intermediate.Chain() }

// LeafChain is the leaf, the intermediate and the root.
func (h *Hierarchy) LeafChain() []*x509.Certificate {
	return append([]*x509.Certificate{h.Leaf}, h.Chain()...)
}

// Issue prepares and issues a certificate.
func Issue(t testing.TB, a *ca.Authority, p ca.Profile, r ca.Request) *x509.Certificate {
	t.Helper()
	return Must(a.Issue(Must(a.Prepare(p, r))(t)))(t)
}

// Must returns a result, and fails the test if there is an error.
func Must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// Key is a P-256 key that depends only on its name.
func Key(name string) crypto.Signer {
	seed := sha256.Sum256([]byte(name))
	return key(elliptic.P256(), seed[:])
}

// KeyP384 is a P-384 key that depends only on its name.
func KeyP384(name string) crypto.Signer {
	seed := sha512.Sum384([]byte(name))
	return key(elliptic.P384(), seed[:])
}

func key(curve elliptic.Curve, seed []byte) crypto.Signer {
	key, err := ecdsa.ParseRawPrivateKey(curve, seed)
	if err != nil {
		panic("catest: this name gives no key, choose another: " + err.Error())
	}
	return key
}
