package local_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/local"
)

func request() issuer.Request {
	return issuer.Request{
		PublicKey:    catest.Key("cart").Public(),
		SPIFFEID:     spiffeid.RequireFromString(catest.LeafID),
		ExtKeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		Lifetime:     time.Hour,
	}
}

// at returns an issuer with the intermediate of a hierarchy, at a time after its start.
func at(t *testing.T, h *catest.Hierarchy, after time.Duration) (*local.Issuer, issuer.ObtainOptions) {
	t.Helper()
	now := catest.After(after)
	authority := catest.Must(ca.Load(h.IntermediateKey, h.Chain(), now))(t)
	return catest.Must(local.New(authority, local.Options{Now: now}))(t), issuer.ObtainOptions{Roots: h.Root.Chain(), Now: now}
}

func TestIssue_MatchesTheGrant(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	i, o := at(t, h, 0)
	o.Remark = func(v *ca.Violation) { t.Errorf("a remark: %v", v) }
	got := catest.Must(issuer.Obtain(t.Context(), i, request(), o))(t)
	if len(got.Certificates) != 3 {
		t.Errorf("the chain has %d certificates, want 3", len(got.Certificates))
	}
	server := request()
	server.SPIFFEID, server.DNSNames, server.ExtKeyUsages = spiffeid.ID{}, []string{"istiod.istio-system.svc"}, server.ExtKeyUsages[:1]
	catest.Must(issuer.Obtain(t.Context(), i, server, o))(t)
}

func TestIssueIntermediate_FromARoot(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	root := catest.Must(local.New(h.Root, local.Options{Now: catest.Now}))(t)
	o := issuer.ObtainOptions{Roots: h.Root.Chain(), Now: catest.Now}
	r := issuer.IntermediateRequest{PublicKey: catest.Key("west").Public(), CommonName: "west", Lifetime: 24 * time.Hour}
	catest.Must(issuer.ObtainIntermediate(t.Context(), root, r, o))(t)
	r.Constraints = &ca.NameConstraints{TrustDomain: "mesh.example.com", DNSNames: []string{"istiod.istio-system.svc"}}
	catest.Must(issuer.ObtainIntermediate(t.Context(), root, r, o))(t)
	r.Constraints = &ca.NameConstraints{TrustDomain: "spiffe://mesh"}
	wantPermanent(t, func() error { _, err := issuer.ObtainIntermediate(t.Context(), root, r, o); return err })
}

func TestIssue_LeafEndsWithTheAuthority(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	i, o := at(t, h, ca.DefaultIntermediateLifetime-30*time.Minute)
	got := catest.Must(issuer.Obtain(t.Context(), i, request(), o))(t)
	if end, want := got.Certificates[0].NotAfter, h.Intermediate.Certificate().NotAfter; !end.Equal(want) {
		t.Errorf("the leaf ends at %s, want %s", end, want)
	}
}

func TestCheck_FailsNearTheEndOfTheAuthority(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	for left, healthy := range map[time.Duration]bool{local.MinimumLeft: true, local.MinimumLeft - time.Second: false} {
		i, _ := at(t, h, ca.DefaultIntermediateLifetime-left)
		if err := i.Check(t.Context()); (err == nil) != healthy {
			t.Errorf("with %s left: got the error %v", left, err)
		}
	}
}

func TestIssue_ExpiredAuthorityIsTransient(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	now := catest.Now()
	clock := func() time.Time { return now }
	authority := catest.Must(ca.Load(h.IntermediateKey, h.Chain(), clock))(t)
	i := catest.Must(local.New(authority, local.Options{Now: clock}))(t)
	now = now.Add(ca.DefaultIntermediateLifetime)
	if _, err := i.Issue(t.Context(), request()); err == nil || errors.As(err, new(*issuer.PermanentError)) {
		t.Errorf("got the error %v, want a transient one", err)
	}
}

func TestIssue_RejectsAnInvalidRequestPermanently(t *testing.T) {
	t.Parallel()
	i, o := at(t, catest.New(t), 0)
	key, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*issuer.Request){
		"an Ed25519 key":          func(r *issuer.Request) { r.PublicKey = key },
		"no name":                 func(r *issuer.Request) { r.SPIFFEID = spiffeid.ID{} },
		"names of two kinds":      func(r *issuer.Request) { r.DNSNames = []string{"cart"} },
		"a usage of another kind": func(r *issuer.Request) { r.ExtKeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request()
			change(&r)
			wantPermanent(t, func() error { _, err := issuer.Obtain(t.Context(), i, r, o); return err })
		})
	}
}

func wantPermanent(t *testing.T, ask func() error) {
	t.Helper()
	var permanent *issuer.PermanentError
	if err := ask(); !errors.As(err, &permanent) || permanent.Reason != "Refused" {
		t.Errorf("got the error %v, want a PermanentError", err)
	}
}

func TestIssue_EndedContextReturnsItsError(t *testing.T) {
	t.Parallel()
	i, _ := at(t, catest.New(t), 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := i.Issue(ctx, request()); !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v, want that of the context", err)
	}
}
