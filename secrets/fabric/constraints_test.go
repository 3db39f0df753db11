package fabric_test

import (
	"context"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// constrained are the options of a fabric with name constraints.
func constrained(revisions ...string) fabric.RootOptions {
	return fabric.RootOptions{TrustDomain: "mesh.example.com", NameConstraints: secrets.IstiodNames("", revisions...)}
}

// leafOf is a leaf that the CA of a cluster signs, as istiod does: without a check of the name
// constraints.
func leafOf(t *testing.T, f *fabric.Fabric, cluster string, r ca.Request) []*x509.Certificate {
	t.Helper()
	bundle := catest.Must(f.Bundle(t.Context(), cluster))(t)
	istiod := catest.Must(ca.Load(bundle.Key(), bundle.Chain(), catest.Now))(t)
	r.PublicKey = catest.Key("leaf").Public()
	leaf := catest.Issue(t, istiod, catest.Must(ca.Workload(ca.WorkloadOptions{}))(t), r)
	return append([]*x509.Certificate{leaf}, bundle.Chain()...)
}

func requireConstrained(t *testing.T, cert *x509.Certificate, o fabric.RootOptions) {
	t.Helper()
	if !slices.Equal(cert.PermittedURIDomains, []string{o.TrustDomain}) || !slices.Equal(cert.PermittedDNSDomains, o.NameConstraints) || !cert.PermittedDNSDomainsCritical {
		t.Errorf("%s permits %q and %q, critical %t", ca.Describe(cert), cert.PermittedURIDomains, cert.PermittedDNSDomains, cert.PermittedDNSDomainsCritical)
	}
}

func TestEnsure_NameConstraintsPermitTheMeshAndNothingElse(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{Root: constrained("canary")}, "east")
	requireConstrained(t, catest.Must(f.Bundle(t.Context(), "east"))(t).Certificate(), constrained("canary"))
	workload := func(id string) ca.Request { return ca.Request{SPIFFEID: spiffeid.RequireFromString(id)} }
	istiod := func(names ...string) ca.Request { return ca.Request{DNSNames: names} }
	usual := secrets.IstiodNames("")
	tests := map[string]struct {
		leaf ca.Request
		good bool
	}{
		"a workload of the trust domain":            {workload("spiffe://mesh.example.com/ns/shop/sa/cart"), true},
		"a workload of another trust domain":        {workload("spiffe://cluster.local/ns/shop/sa/cart"), false},
		"istiod":                                    {istiod(usual...), true},
		"istiod of the revision":                    {istiod(append(usual[:3:3], "istiod-canary.istio-system.svc")...), true},
		"istiod of another revision":                {istiod(append(usual[:3:3], "istiod-stable.istio-system.svc")...), false},
		"istiod with a name that was configured":    {istiod(append(usual[:3:3], "istiod.example.com")...), false},
		"a name of another service":                 {istiod("cart.shop.svc"), false},
		"istiod with a name of another service too": {istiod("istiod.istio-system.svc", "cart.shop.svc"), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused := ca.VerifyLeaf(leafOf(t, f, "east", test.leaf), ca.VerifyOptions{Now: catest.Now})
			if test.good != (len(refused) == 0) || !test.good && !errors.Is(refused[0], ca.RuleLeafPermittedNames) {
				t.Errorf("got %v, want it to be valid: %t", refused, test.good)
			}
		})
	}
}

func TestEnsure_ConstrainsNamesHoweverTheRootCame(t *testing.T) {
	t.Parallel()
	o := constrained()
	h, c := catest.New(t), newCorporate(t)
	tests := map[string]func(t *testing.T, f *fabric.Fabric){
		"a root of its own": func(t *testing.T, f *fabric.Fabric) {
			catest.Must(f.Init(t.Context(), fabric.InitOptions{RootOptions: o}))(t)
			ensure(t, f, fabric.EnsureOptions{}, "east")
		},
		"a root that is made on the way": func(t *testing.T, f *fabric.Fabric) { ensure(t, f, fabric.EnsureOptions{Root: o}, "east") },
		"an issuing CA": func(t *testing.T, f *fabric.Fabric) {
			i := c.options()
			i.TrustDomain, i.NameConstraints = o.TrustDomain, o.NameConstraints
			catest.Must(f.Import(t.Context(), i))(t)
			ensure(t, f, fabric.EnsureOptions{}, "east")
		},
		"an upstream, whose root is new": func(t *testing.T, f *fabric.Fabric) {
			_, u := newUpstream(t, h.Root)
			ensure(t, f, fabric.EnsureOptions{Upstream: u, Root: o}, "east")
			ensure(t, f, fabric.EnsureOptions{Upstream: u}, "west")
		},
		"a renewal": func(t *testing.T, f *fabric.Fabric) {
			ensure(t, f, fabric.EnsureOptions{Root: o}, "east")
			ensure(t, f, fabric.EnsureOptions{Renew: true}, "east")
		},
	}
	for name, issue := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, newClock())
			issue(t, f)
			status := catest.Must(f.Status(t.Context()))(t)
			if diff := cmp.Diff(&ca.NameConstraints{TrustDomain: o.TrustDomain, DNSNames: o.NameConstraints}, status.Constraints); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
			if len(status.Clusters) == 0 {
				t.Error("there is no cluster")
			}
			for _, cluster := range status.Clusters {
				requireConstrained(t, catest.Must(f.Bundle(t.Context(), cluster.Name))(t).Certificate(), o)
			}
		})
	}
}

func TestEnsure_RefusesAnUpstreamThatOmitsNameConstraints(t *testing.T) {
	t.Parallel()
	f, h := open(t, newClock()), catest.New(t)
	u, o := newUpstream(t, h.Root)
	u.IntermediateIssuer = forgetful{u.IntermediateIssuer}
	_, err := f.Ensure(t.Context(), []string{"east"}, fabric.EnsureOptions{Upstream: o, Root: constrained()})
	if !errors.Is(err, issuer.RuleGrantedConstraints) {
		t.Errorf("got the error %v, want that the constraints are missing", err)
	}
}

// forgetful is a CA that omits name constraints.
type forgetful struct{ issuer.IntermediateIssuer }

func (f forgetful) IssueIntermediate(ctx context.Context, r issuer.IntermediateRequest) (*issuer.Chain, error) {
	r.Constraints = nil
	return f.IntermediateIssuer.IssueIntermediate(ctx, r)
}

func TestEnsure_ReportsOtherConstraintsAfterAChangeOfTheSettings(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{Root: fabric.RootOptions{TrustDomain: "mesh.example.com"}}, "east")
	config := filepath.Join(f.Dir(), "fabric.yaml")
	overwrite(t, config, []byte("trustDomain: mesh.example.com\nnameConstraints:\n  dnsNames: [istiod.istio-system.svc, istiod-remote.istio-system.svc, istio-pilot.istio-system.svc]\n"))
	if got := ensure(t, f, fabric.EnsureOptions{}, "east").Clusters[0]; got.Action != fabric.Kept || !got.OtherConstraints {
		t.Errorf("the old one: %+v", got)
	}
	ensure(t, f, fabric.EnsureOptions{Renew: true}, "east")
	requireConstrained(t, catest.Must(f.Bundle(t.Context(), "east"))(t).Certificate(), constrained())
	if got := ensure(t, f, fabric.EnsureOptions{}, "east").Clusters[0]; got.Action != fabric.Kept || got.OtherConstraints {
		t.Errorf("the new one: %+v", got)
	}
	overwrite(t, config, []byte("trustDomain: mesh.example.com\n"))
	if got := ensure(t, f, fabric.EnsureOptions{}, "east").Clusters[0]; got.Action != fabric.Kept || !got.OtherConstraints {
		t.Errorf("without constraints again: %+v", got)
	}
}

func TestLoad_RefusesNameConstraintsThatBreakTheMesh(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ config, want string }{
		"without DNS names":                {"trustDomain: cluster.local\nnameConstraints: {}\n", "DNS names are missing; istiod signs its own certificate"},
		"with none":                        {"trustDomain: cluster.local\nnameConstraints: {dnsNames: []}\n", "DNS names are missing"},
		"a URI for a trust domain":         {"trustDomain: spiffe://cluster.local\nnameConstraints: {dnsNames: [istiod.istio-system.svc]}\n", "is not a host"},
		"a path in a trust domain":         {"trustDomain: cluster.local/ns\nnameConstraints: {dnsNames: [istiod.istio-system.svc]}\n", "is not a host"},
		"a wildcard":                       {"trustDomain: cluster.local\nnameConstraints: {dnsNames: ['*.istio-system.svc']}\n", `"*.istio-system.svc" is not a DNS name`},
		"a leading dot":                    {"trustDomain: cluster.local\nnameConstraints: {dnsNames: [.istio-system.svc]}\n", `".istio-system.svc" is not a DNS name`},
		"a field that is misspelt":         {"trustDomain: cluster.local\nnameConstraints: {dnsName: [istiod.istio-system.svc]}\n", `unknown field "dnsName"`},
		"URIs, which are the trust domain": {"trustDomain: cluster.local\nnameConstraints: {uris: [a], dnsNames: [a]}\n", `unknown field "uris"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, newClock())
			ensure(t, f, fabric.EnsureOptions{}, "east")
			overwrite(t, filepath.Join(f.Dir(), "fabric.yaml"), []byte(test.config))
			before := tree(t, f.Dir())
			_, err := f.Ensure(t.Context(), []string{"west"}, fabric.EnsureOptions{})
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "fabric.yaml") {
				t.Errorf("got the error %v, want one with %q", err, test.want)
			}
			unchanged(t, f.Dir(), before)
		})
	}
}

func TestInit_InvalidNameConstraintsCreateNothing(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	for _, names := range [][]string{{"Istiod"}, {"istiod", ""}, {"10.0.0.1"}} {
		if _, err := f.Init(t.Context(), fabric.InitOptions{RootOptions: fabric.RootOptions{NameConstraints: names}}); err == nil || !strings.Contains(err.Error(), "is not a DNS name") {
			t.Errorf("%q: got the error %v", names, err)
		}
	}
	if _, err := os.Stat(f.Dir()); !os.IsNotExist(err) {
		t.Error("the directory is there")
	}
}

func TestImport_RequiresNameConstraintsThatPermitTheMesh(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	permitted := func(uris, dns []string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.PermittedDNSDomainsCritical, c.PermittedURIDomains, c.PermittedDNSDomains = true, uris, dns
		}
	}
	excluded := func(uris, dns []string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.ExcludedURIDomains, c.ExcludedDNSDomains = uris, dns }
	}
	svc := []string{"svc"}
	tests := map[string]struct {
		root   func(*x509.Certificate)
		istiod []string
		want   string // empty if it is accepted
	}{
		"none":                                  {permitted(nil, nil), nil, ""},
		"the trust domain and services":         {permitted([]string{"mesh.example.com"}, svc), nil, ""},
		"the trust domain alone":                {permitted([]string{"mesh.example.com"}, nil), nil, ""},
		"services alone":                        {permitted(nil, svc), nil, ""},
		"the namespace":                         {permitted(nil, []string{"istio-system.svc"}), nil, ""},
		"two, of which one permits it":          {permitted([]string{"other", "mesh.example.com"}, append(svc, "other")), nil, ""},
		"all hosts below the organization":      {permitted([]string{".example.com"}, svc), nil, ""},
		"others are excluded":                   {excluded([]string{"other"}, []string{"other"}), nil, ""},
		"another trust domain":                  {permitted([]string{"cluster.local"}, svc), nil, "without the identities of the trust domain mesh.example.com: for URIs, permitted are [\"cluster.local\"]"},
		"the trust domain is excluded":          {excluded([]string{"mesh.example.com"}, nil), nil, "excluded are [\"mesh.example.com\"]"},
		"another namespace than that of istiod": {permitted(nil, []string{"istio-system.svc"}), secrets.IstiodNames("mesh"), "without istiod.mesh.svc"},
		"the namespace of istiod":               {permitted(nil, []string{"mesh.svc", "istio-system.svc"}), secrets.IstiodNames("mesh"), ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, root := open(t, newClock()), mutated(t, h, test.root)
			o := fabric.ImportOptions{Root: root, Key: h.RootKey, TrustDomain: "mesh.example.com", IstiodNames: test.istiod}
			got, err := f.Import(t.Context(), o)
			if test.want != "" {
				if !errors.Is(err, mesh.RulePermitsMesh) || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got the error %v, want one with %q", err, test.want)
				}
				return
			}
			if err != nil || got.LimitsURIs != (len(root.PermittedURIDomains)+len(root.ExcludedURIDomains) > 0) {
				t.Fatalf("got %+v and the error %v", got, err)
			}
			ensure(t, f, fabric.EnsureOptions{}, "east")
			names := test.istiod
			if names == nil {
				names = secrets.IstiodNames("")
			}
			for _, leaf := range []ca.Request{{DNSNames: names}, {SPIFFEID: spiffeid.RequireFromString("spiffe://mesh.example.com/ns/a/sa/b")}} {
				if refused := ca.VerifyLeaf(leafOf(t, f, "east", leaf), ca.VerifyOptions{Now: catest.Now}); len(refused) > 0 {
					t.Errorf("crypto/x509 disagrees: %v", refused)
				}
			}
		})
	}
}

func TestEnsure_RequiresThatTheRootOfAnUpstreamPermitsTheMesh(t *testing.T) {
	t.Parallel()
	f, h := open(t, newClock()), catest.New(t)
	root := mutated(t, h, func(c *x509.Certificate) { c.PermittedURIDomains = []string{"cluster.local"} })
	_, u := newUpstream(t, catest.Must(ca.Load(h.RootKey, []*x509.Certificate{root}, catest.Now))(t))
	_, err := f.Ensure(t.Context(), []string{"east"}, fabric.EnsureOptions{Upstream: u, Root: constrained()})
	if !errors.Is(err, mesh.RulePermitsMesh) || !strings.Contains(err.Error(), "the root of corporate") {
		t.Errorf("got the error %v, want that the root of corporate does not permit the mesh", err)
	}
	ensure(t, f, fabric.EnsureOptions{Upstream: u}, "east")
}
