package issuer_test

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
)

// failing is an issuer that returns an error.
type failing struct{ err error }

func (f failing) Issue(context.Context, issuer.Request) (*issuer.Chain, error) { return nil, f.err }

func TestObtain_ChainEndsWithTheRoot(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	for name, response := range map[string][]*x509.Certificate{
		"with the root":    h.LeafChain(),
		"without the root": h.LeafChain()[:2],
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := issuer.Obtain(t.Context(), fixed(response), granted(), trusting(h))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(h.LeafChain(), got.Certificates, catest.Identical()); diff != "" {
				t.Errorf("chain (-want +got):\n%s", diff)
			}
		})
	}
	got, err := issuer.ObtainIntermediate(t.Context(), fixed(h.Chain()[:1]), grantedCA(), trusting(h))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(h.Chain(), got.Certificates, catest.Identical()); diff != "" {
		t.Errorf("the chain of a CA (-want +got):\n%s", diff)
	}
}

func TestObtain_RejectsAnInvalidChain(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	other := catest.Must(ca.NewRoot(ca.RootOptions{Key: catest.Key("other"), Organization: "other", Now: catest.Now}))(t)
	chain := h.LeafChain()
	tests := map[string]struct {
		response []*x509.Certificate
		roots    []*x509.Certificate
		rule     ca.Rule
	}{
		"the leaf alone":                 {chain[:1], h.Root.Chain(), ca.RuleRooted},
		"in reverse order":               {[]*x509.Certificate{chain[0], chain[2], chain[1]}, h.Root.Chain(), ca.RuleIssuerName},
		"the intermediate twice":         {[]*x509.Certificate{chain[0], chain[1], chain[1], chain[2]}, h.Root.Chain(), ca.RuleNoDuplicate},
		"another root":                   {chain, other.Chain(), ca.RuleTrustedRoot},
		"a CA as leaf":                   {chain[1:], h.Root.Chain(), ca.RuleLeafNotCA},
		"an expired leaf":                {chain, h.Root.Chain(), ca.RuleExpired},
		"a leaf with a broken signature": {append([]*x509.Certificate{catest.BreakSignature(t, chain[0])}, chain[1:]...), h.Root.Chain(), ca.RuleSignature},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := trusting(h)
			o.Roots = test.roots
			if test.rule == ca.RuleExpired {
				o.Now = catest.After(48 * time.Hour)
			}
			_, err := issuer.Obtain(t.Context(), fixed(test.response), granted(), o)
			var response *issuer.ResponseError
			if !errors.As(err, &response) || !errors.Is(err, test.rule) {
				t.Errorf("got the error %v, want a ResponseError with %q", err, test.rule)
			}
		})
	}
}

func TestObtain_RequiresRootsAndACompleteGrant(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	called := false
	i := recording(func() { called = true })
	for want, change := range map[string]func(*issuer.Request, *issuer.ObtainOptions){
		"no root is trusted":        func(_ *issuer.Request, o *issuer.ObtainOptions) { o.Roots = nil },
		"the public key is missing": func(r *issuer.Request, _ *issuer.ObtainOptions) { r.PublicKey = nil },
		"is not positive":           func(r *issuer.Request, _ *issuer.ObtainOptions) { r.Lifetime = 0 },
		"no extended key usage":     func(r *issuer.Request, _ *issuer.ObtainOptions) { r.ExtKeyUsages = nil },
	} {
		r, o := granted(), trusting(h)
		change(&r, &o)
		if _, err := issuer.Obtain(t.Context(), i, r, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got the error %v, want one with %q", err, want)
		}
	}
	if called {
		t.Error("the issuer was called")
	}
}

// recording is an issuer that records its calls.
type recording func()

func (r recording) Issue(context.Context, issuer.Request) (*issuer.Chain, error) {
	r()
	return nil, errors.New("recorded")
}

func TestObtain_EmptyResponseIsTransient(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	for name, i := range map[string]issuer.Issuer{"an empty chain": fixed(nil), "a nil chain": nothing{}} {
		_, err := issuer.Obtain(t.Context(), i, granted(), trusting(h))
		if err == nil || !strings.Contains(err.Error(), "the response contains no certificate") || errors.As(err, new(*issuer.PermanentError)) {
			t.Errorf("%s: got the error %v", name, err)
		}
	}
}

type nothing struct{}

func (nothing) Issue(context.Context, issuer.Request) (*issuer.Chain, error) { return nil, nil }

func TestObtain_PreservesErrorTypes(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	cause := errors.New("cause")
	permanent := &issuer.PermanentError{Reason: "Refused", Err: cause}
	_, err := issuer.Obtain(t.Context(), failing{permanent}, granted(), trusting(h))
	var gotPermanent *issuer.PermanentError
	if !errors.As(err, &gotPermanent) || gotPermanent.Reason != "Refused" || !errors.Is(err, cause) || err.Error() != "test: cause" {
		t.Errorf("got the error %v, want the permanent one", err)
	}
	pending := &issuer.PendingError{After: time.Second, Err: cause}
	_, err = issuer.Obtain(t.Context(), failing{pending}, granted(), trusting(h))
	var gotPending *issuer.PendingError
	if !errors.As(err, &gotPending) || gotPending.After != time.Second || !errors.Is(err, cause) {
		t.Errorf("got the error %v, want the pending one", err)
	}
}

func TestObtain_AllowSubject(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	leaf := catest.Mutate(t, h.Leaf, h.Intermediate.Certificate(), h.IntermediateKey, catest.Mutation{Cert: func(c *x509.Certificate) {
		c.RawSubject, c.Subject = nil, pkix.Name{CommonName: "cart"}
	}})
	o := trusting(h)
	o.AllowSubject = true
	if _, err := issuer.Obtain(t.Context(), append(fixed{leaf}, h.Chain()...), granted(), o); err != nil {
		t.Errorf("it is rejected: %v", err)
	}
}

func TestObtainIntermediate_RequiresGrantedConstraints(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	constraints := &ca.NameConstraints{TrustDomain: "mesh.example.com", DNSNames: []string{"istiod.istio-system.svc"}}
	with := h.Below(t, h.Root, catest.Key("intermediate"), ca.IntermediateOptions{Constraints: constraints})
	r := grantedCA()
	r.Constraints = constraints
	if _, err := issuer.ObtainIntermediate(t.Context(), fixed(with.Chain()), r, trusting(h)); err != nil {
		t.Errorf("with constraints it is rejected: %v", err)
	}
	if _, err := issuer.ObtainIntermediate(t.Context(), fixed(h.Chain()), r, trusting(h)); !errors.Is(err, issuer.RuleGrantedConstraints) {
		t.Errorf("without constraints: got the error %v, want %q", err, issuer.RuleGrantedConstraints)
	}
}
