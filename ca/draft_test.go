package ca_test

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
)

func intermediateProfile(t testing.TB) ca.Profile {
	t.Helper()
	return catest.Must(ca.Intermediate(ca.IntermediateOptions{}))(t)
}

func workloadProfile(t testing.TB) ca.Profile {
	t.Helper()
	return catest.Must(ca.Workload(ca.WorkloadOptions{}))(t)
}

func eastRequest() ca.Request {
	return ca.Request{PublicKey: catest.Key("east").Public(), CommonName: "east"}
}

func cartRequest() ca.Request {
	return ca.Request{PublicKey: catest.Key("cart").Public(), SPIFFEID: spiffeid.RequireFromString(catest.LeafID)}
}

func TestIssue_UsesTheKeyOnce(t *testing.T) {
	t.Parallel()
	key := newOpaque(catest.Key("root"))
	root := catest.Must(ca.NewRoot(ca.RootOptions{Key: key, Organization: "mesh", Now: catest.Now}))(t)
	for name, prepare := range map[string]func() (*ca.Draft, error){
		"an intermediate": func() (*ca.Draft, error) { return root.Prepare(intermediateProfile(t), eastRequest()) },
		"a leaf":          func() (*ca.Draft, error) { return root.Prepare(workloadProfile(t), cartRequest()) },
	} {
		*key.signatures = 0
		draft := catest.Must(prepare())(t)
		if *key.signatures != 0 {
			t.Errorf("%s: Prepare used the key %d times, want none", name, *key.signatures)
		}
		catest.Must(root.Issue(draft))(t)
		if *key.signatures != 1 {
			t.Errorf("%s: Issue used the key %d times, want once", name, *key.signatures)
		}
	}
}

func TestIssue_RedeemsADraftOnce(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	draft := catest.Must(h.Root.Prepare(intermediateProfile(t), eastRequest()))(t)
	var issued, refused atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			switch _, err := h.Root.Issue(draft); {
			case err == nil:
				issued.Add(1)
			case errors.Is(err, ca.ErrDraftRedeemed):
				refused.Add(1)
			}
		})
	}
	group.Wait()
	if issued.Load() != 1 || refused.Load() != 7 {
		t.Errorf("a draft was redeemed %d times and refused %d times, want 1 and 7", issued.Load(), refused.Load())
	}
}

func TestIssue_RefusesAForeignDraft(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	twin := catest.Must(ca.Load(h.RootKey, h.Root.Chain(), catest.Now))(t)
	draft := catest.Must(h.Root.Prepare(intermediateProfile(t), eastRequest()))(t)
	if _, err := twin.Issue(draft); !errors.Is(err, ca.ErrForeignDraft) {
		t.Errorf("got the error %v, want ErrForeignDraft", err)
	}
	if _, err := h.Root.Issue(draft); err != nil {
		t.Errorf("the attempt of another authority used the draft up: %v", err)
	}
}

func TestPrepare_RefusesToOutliveTheIssuer(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	end := h.Root.Certificate().NotAfter
	r := eastRequest()
	r.NotAfter = end
	if got := catest.Issue(t, h.Root, intermediateProfile(t), r); !got.NotAfter.Equal(end) {
		t.Errorf("the longest possible certificate ends at %s, want %s", got.NotAfter, end)
	}
	r.NotAfter = end.Add(time.Second)
	_, err := h.Root.Prepare(intermediateProfile(t), r)
	var lifetime *ca.LifetimeError
	if !errors.As(err, &lifetime) || !errors.Is(err, ca.RuleWithinIssuer) {
		t.Fatalf("got the error %v, want a LifetimeError", err)
	}
	if !lifetime.Longest.Equal(end) || !lifetime.Asked.Equal(r.NotAfter) {
		t.Errorf("the error says requested %s, longest %s, want %s and %s", lifetime.Asked, lifetime.Longest, r.NotAfter, end)
	}
	if want := "the longest possible is " + end.Format(time.RFC3339); !strings.Contains(err.Error(), want) {
		t.Errorf("the error %q does not say %q", err, want)
	}
}

func TestPrepare_RefusesADefaultLifetimeBeyondTheIssuer(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	late := catest.Must(ca.Load(h.RootKey, h.Root.Chain(), catest.After(ca.DefaultRootLifetime-30*24*time.Hour)))(t)
	if _, err := late.Prepare(intermediateProfile(t), eastRequest()); !errors.Is(err, ca.RuleWithinIssuer) {
		t.Errorf("got the error %v, want within-issuer", err)
	}
}

func TestPrepare_Refuses(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	tests := map[string]struct {
		authority *ca.Authority
		profile   ca.Profile
		request   ca.Request
		change    func(*ca.Request)
		want      string
		rule      ca.Rule
	}{
		"the zero profile": {profile: ca.Profile{}, request: eastRequest(), want: "the profile is empty"},
		"no key":           {profile: intermediateProfile(t), request: eastRequest(), change: func(r *ca.Request) { r.PublicKey = nil }, want: "the public key is missing"},
		"the authority's own key": {profile: intermediateProfile(t), request: eastRequest(), change: func(r *ca.Request) { r.PublicKey = h.RootKey.Public() },
			want: "the key is that of the authority"},
		"a key that is no key":             {profile: intermediateProfile(t), request: eastRequest(), change: func(r *ca.Request) { r.PublicKey = "key" }, want: "cannot be encoded"},
		"an end that has passed":           {profile: intermediateProfile(t), request: eastRequest(), change: func(r *ca.Request) { r.NotAfter = catest.Now() }, want: "has passed"},
		"an intermediate without a name":   {profile: intermediateProfile(t), request: eastRequest(), change: func(r *ca.Request) { r.CommonName = "" }, want: "the common name is missing"},
		"an intermediate with a SPIFFE ID": {profile: intermediateProfile(t), request: cartRequest(), change: func(r *ca.Request) { r.CommonName = "east" }, want: "an intermediate has no SPIFFE ID"},
		"an intermediate for clients":      {profile: intermediateProfile(t), request: eastRequest(), change: func(r *ca.Request) { r.ExtKeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }, want: "extended key usages"},
		"an intermediate below path length zero": {authority: h.Intermediate, profile: intermediateProfile(t), request: eastRequest(),
			change: func(r *ca.Request) { r.NotAfter = catest.Now().Add(time.Hour) }, want: "has path length 0, but 1 CAs stand below it", rule: ca.RulePathLength},
		"a workload with a common name": {profile: workloadProfile(t), request: cartRequest(), change: func(r *ca.Request) { r.CommonName = "cart" }, want: "a workload has no common name"},
		"a workload without a name":     {profile: workloadProfile(t), request: ca.Request{PublicKey: catest.Key("cart").Public()}, want: "needs a SPIFFE ID or DNS names"},
		"a workload with both":          {profile: workloadProfile(t), request: cartRequest(), change: func(r *ca.Request) { r.DNSNames = []string{"cart"} }, want: "not both"},
		"a DNS name in upper case":      {profile: workloadProfile(t), request: ca.Request{PublicKey: catest.Key("cart").Public(), DNSNames: []string{"Cart"}}, want: `"Cart" is not a DNS name`},
		"a wildcard":                    {profile: workloadProfile(t), request: ca.Request{PublicKey: catest.Key("cart").Public(), DNSNames: []string{"*.shop"}}, want: `"*.shop" is not a DNS name`},
		"a workload that signs code":    {profile: workloadProfile(t), request: cartRequest(), change: func(r *ca.Request) { r.ExtKeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning} }, want: "serverAuth, clientAuth or both"},
		"the same usage twice": {profile: workloadProfile(t), request: cartRequest(), change: func(r *ca.Request) {
			r.ExtKeyUsages = slices.Repeat([]x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, 2)
		}, want: "serverAuth, clientAuth or both"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.authority == nil {
				test.authority = h.Root
			}
			if test.change != nil {
				test.change(&test.request)
			}
			_, err := test.authority.Prepare(test.profile, test.request)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got the error %v, want one with %q", err, test.want)
			}
			if test.rule != "" && !errors.Is(err, test.rule) {
				t.Errorf("the error %v is not that of the rule %q", err, test.rule)
			}
		})
	}
}

func TestPrepare_UsesOnlyTheKeyOfACSR(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	der := catest.Must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		DNSNames: []string{"evil.example.com"},
	}, catest.Key("cart")))(t)
	csr := catest.Must(x509.ParseCertificateRequest(der))(t)
	r := cartRequest()
	r.PublicKey = csr.PublicKey
	if got := catest.Issue(t, h.Intermediate, workloadProfile(t), r); len(got.DNSNames) > 0 {
		t.Errorf("the certificate has the DNS names %v of the CSR", got.DNSNames)
	}
}

func TestPrepare_CopiesTheRequest(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	r := ca.Request{PublicKey: catest.Key("istiod").Public(), DNSNames: []string{"istiod.istio-system.svc"}}
	draft := catest.Must(h.Intermediate.Prepare(workloadProfile(t), r))(t)
	r.DNSNames[0] = "evil.example.com"
	if got := catest.Must(h.Intermediate.Issue(draft))(t).DNSNames[0]; got != "istiod.istio-system.svc" {
		t.Errorf("the certificate is for %s", got)
	}
}
