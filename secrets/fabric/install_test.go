package fabric_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// keyOf is the key of a request that waits.
func keyOf(t *testing.T, f *fabric.Fabric, cluster string) crypto.Signer {
	t.Helper()
	return catest.Must(ca.ParseKey(readFile(t, f, "requests/"+cluster+"/ca-key.pem")))(t)
}

// rootOf is the CA whose key lies in a directory.
func rootOf(t *testing.T, p *directories) *ca.Authority {
	t.Helper()
	certs := catest.Must(ca.ParseCertificates(readFile(t, p.rootDir, "root-cert.pem")))(t)
	return catest.Must(ca.Load(catest.Must(ca.ParseKey(readFile(t, p.rootDir, "root-key.pem")))(t), certs, p.Now))(t)
}

// responseFor is the response of a CA that checks nothing.
func responseFor(t *testing.T, a *ca.Authority, o ca.IntermediateOptions, r ca.Request) mesh.Exchange {
	t.Helper()
	cert := catest.Issue(t, a, catest.Must(ca.Intermediate(o))(t), r)
	return mesh.Exchange{Certificates: append([]*x509.Certificate{cert}, a.Chain()...)}
}

func TestInstall_RefusesAWrongResponseByName(t *testing.T) {
	t.Parallel()
	other := catest.Must(ca.NewRoot(ca.RootOptions{Key: catest.Key("other"), CommonName: "other", Organization: "other", Now: catest.Now}))(t)
	type respond = func(t *testing.T, p *directories) mesh.Exchange
	good := func(t *testing.T, p *directories) mesh.Exchange {
		return p.sign(t, readFile(t, p.clusterDir, "requests/east/request.pem"), "east").Response
	}
	changed := func(change func(t *testing.T, p *directories, e *mesh.Exchange)) respond {
		return func(t *testing.T, p *directories) mesh.Exchange {
			e := good(t, p)
			change(t, p, &e)
			return e
		}
	}
	tests := map[string]struct {
		response respond
		options  fabric.InstallOptions
		is       error
		want     string
	}{
		"without a certificate": {changed(func(_ *testing.T, _ *directories, e *mesh.Exchange) { e.Certificates = nil }), fabric.InstallOptions{}, nil, "the signed response has no certificate"},
		"for a key that is not here": {func(t *testing.T, p *directories) mesh.Exchange {
			return p.sign(t, csrOf(t, catest.Key("unknown"), nil), "east").Response
		}, fabric.InstallOptions{}, fabric.ErrNoRequest, "requests wait of east, west"},
		"for the request of another cluster": {good, fabric.InstallOptions{Cluster: "west"}, nil, "has the key of the request of cluster east, not of west"},
		"for an invalid cluster name":        {good, fabric.InstallOptions{Cluster: "West"}, nil, `cluster name "West"`},
		"signed for another cluster": {func(t *testing.T, p *directories) mesh.Exchange {
			return responseFor(t, rootOf(t, p), ca.IntermediateOptions{}, ca.Request{PublicKey: keyOf(t, p.clusterDir, "east").Public(), CommonName: "west"})
		}, fabric.InstallOptions{}, nil, "cluster east: west "},
		"below another root": {func(t *testing.T, p *directories) mesh.Exchange {
			return responseFor(t, other, ca.IntermediateOptions{}, ca.Request{PublicKey: keyOf(t, p.clusterDir, "east").Public(), CommonName: "east"})
		}, fabric.InstallOptions{}, ca.RuleTrustedRoot, "which has to chain to root "},
		"not below the root that was given": {good, fabric.InstallOptions{Root: other.Certificate()}, nil, "not the root that was given, other "},
		"the root alone":                    {changed(func(_ *testing.T, _ *directories, e *mesh.Exchange) { e.Certificates = e.Certificates[1:] }), fabric.InstallOptions{}, fabric.ErrNoRequest, "root "},
		"the root first":                    {changed(func(_ *testing.T, _ *directories, e *mesh.Exchange) { slices.Reverse(e.Certificates) }), fabric.InstallOptions{}, fabric.ErrNoRequest, "root "},
		"a leaf": {changed(func(t *testing.T, p *directories, e *mesh.Exchange) {
			e.Certificates[0] = catest.Mutate(t, e.Certificates[0], e.Certificates[1], rootKey(t, p), catest.Mutation{Cert: func(c *x509.Certificate) { c.IsCA, c.MaxPathLenZero, c.MaxPathLen = false, false, -1 }})
		}), fabric.InstallOptions{}, ca.RuleIsCA, "is not a CA"},
		"a CA that cannot sign CRLs": {changed(func(t *testing.T, p *directories, e *mesh.Exchange) {
			e.Certificates[0] = catest.Mutate(t, e.Certificates[0], e.Certificates[1], rootKey(t, p), catest.Mutation{Cert: func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign }})
		}), fabric.InstallOptions{}, ca.RuleCRLSign, "cRLSign"},
		"with a broken signature": {changed(func(t *testing.T, _ *directories, e *mesh.Exchange) {
			e.Certificates[0] = catest.BreakSignature(t, e.Certificates[0])
		}), fabric.InstallOptions{}, ca.RuleSignature, "did not sign it"},
		"expired":       {changed(func(_ *testing.T, p *directories, _ *mesh.Exchange) { p.advance(year + day) }), fabric.InstallOptions{}, ca.RuleExpired, "expired at 2027-01-02T03:04:05Z"},
		"not valid yet": {changed(func(_ *testing.T, p *directories, _ *mesh.Exchange) { p.advance(-day) }), fabric.InstallOptions{}, ca.RuleNotYetValid, "is not valid before"},
		"under the name of another CA": {func(t *testing.T, p *directories) mesh.Exchange {
			e := good(t, p)
			e.Certificates[0] = catest.Mutate(t, e.Certificates[0], e.Certificates[1], rootKey(t, p), catest.Mutation{Cert: func(c *x509.Certificate) {
				c.RawSubject = catest.Must(p.clusterDir.Bundle(t.Context(), "north"))(t).Certificate().RawSubject
			}})
			return e
		}, fabric.InstallOptions{}, ca.RuleDistinctNames, "another CA of the mesh has this name"},
		"for another trust domain": {func(t *testing.T, p *directories) mesh.Exchange {
			return responseFor(t, rootOf(t, p), ca.IntermediateOptions{Constraints: &ca.NameConstraints{TrustDomain: "other.example", DNSNames: []string{"svc"}}},
				ca.Request{PublicKey: keyOf(t, p.clusterDir, "east").Public(), CommonName: "east"})
		}, fabric.InstallOptions{}, mesh.RulePermitsMesh, "without the identities of the trust domain cluster.local"},
		"without the names of istiod": {func(t *testing.T, p *directories) mesh.Exchange {
			return responseFor(t, rootOf(t, p), ca.IntermediateOptions{Constraints: &ca.NameConstraints{TrustDomain: "cluster.local", DNSNames: []string{"istiod.mesh.svc"}}},
				ca.Request{PublicKey: keyOf(t, p.clusterDir, "east").Public(), CommonName: "east"})
		}, fabric.InstallOptions{}, mesh.RulePermitsMesh, "without istiod.istio-system.svc"},
		"with a CA that does not chain to the root": {changed(func(_ *testing.T, _ *directories, e *mesh.Exchange) {
			e.Certificates = append(e.Certificates, other.Certificate())
		}), fabric.InstallOptions{}, nil, "the signed response: other "},
		"with a CRL of an unknown CA": {changed(func(t *testing.T, _ *directories, e *mesh.Exchange) {
			e.CRLs = append(e.CRLs, catest.Must(other.CRL(ca.CRLOptions{Number: big.NewInt(1)}))(t))
		}), fabric.InstallOptions{}, nil, "no known CA signed the CRL"},
		"with a CRL that revokes it": {changed(func(t *testing.T, p *directories, e *mesh.Exchange) {
			revoked := []x509.RevocationListEntry{{SerialNumber: e.Certificates[0].SerialNumber, RevocationTime: p.Now()}}
			e.CRLs = append(e.CRLs, catest.Must(rootOf(t, p).CRL(ca.CRLOptions{Number: big.NewInt(p.Now().Unix() + 1), Revoked: revoked}))(t))
		}), fabric.InstallOptions{}, nil, "is revoked"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newDirectories(t, fabric.RootOptions{})
			p.addCluster(t, "north")
			request(t, p.clusterDir, "east")
			request(t, p.clusterDir, "west")
			e := test.response(t, p)
			before := tree(t, p.clusterDir.Dir())
			for _, dry := range []bool{true, false} {
				test.options.DryRun = dry
				_, err := p.clusterDir.Install(t.Context(), e, test.options)
				if err == nil || !strings.Contains(err.Error(), test.want) || test.is != nil && !errors.Is(err, test.is) {
					t.Errorf("dry run %t: got the error %v, want %v with %q", dry, err, test.is, test.want)
				}
			}
			unchanged(t, p.clusterDir.Dir(), before)
		})
	}
}

func rootKey(t *testing.T, p *directories) crypto.Signer {
	t.Helper()
	return catest.Must(ca.ParseKey(readFile(t, p.rootDir, "root-key.pem")))(t)
}

func TestInstall_RequiresThatANewRootIsConfirmed(t *testing.T) {
	t.Parallel()
	other := catest.Must(ca.NewRoot(ca.RootOptions{Key: catest.Key("other"), CommonName: "other", Organization: "other", Now: catest.Now}))(t)
	no := errors.New("no")
	tests := map[string]struct {
		options func(root *x509.Certificate) fabric.InstallOptions
		is      error // nil if it is accepted
	}{
		"nobody confirms it": {func(*x509.Certificate) fabric.InstallOptions { return fabric.InstallOptions{} }, fabric.ErrRootUnconfirmed},
		"a person confirms":  {func(*x509.Certificate) fabric.InstallOptions { return fabric.InstallOptions{ConfirmRoot: confirmRoot} }, nil},
		"a person refuses": {func(*x509.Certificate) fabric.InstallOptions {
			return fabric.InstallOptions{ConfirmRoot: func(context.Context, mesh.Summary, string) error { return no }}
		}, no},
		"it was given": {func(root *x509.Certificate) fabric.InstallOptions { return fabric.InstallOptions{Root: root} }, nil},
		"another was given, though a person would confirm": {func(*x509.Certificate) fabric.InstallOptions {
			return fabric.InstallOptions{Root: other.Certificate(), ConfirmRoot: confirmRoot}
		}, ca.RuleTrustedRoot},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newDirectories(t, fabric.RootOptions{})
			response := p.sign(t, request(t, p.clusterDir, "east"), "east").Response
			before := tree(t, p.clusterDir.Dir())
			got, err := p.clusterDir.Install(t.Context(), response, test.options(response.Certificates[1]))
			if test.is == nil && (err != nil || !got.RootAdopted) || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("got %+v and the error %v, want %v", got, err, test.is)
			}
			if test.is != nil {
				unchanged(t, p.clusterDir.Dir(), before)
			}
		})
	}
}

func TestInstall_ShowsTheRootBeforeItIsTrusted(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, constrained())
	response := p.sign(t, request(t, p.clusterDir, "east"), "east").Response
	var root mesh.Summary
	var domain string
	catest.Must(p.clusterDir.Install(t.Context(), response, fabric.InstallOptions{ConfirmRoot: func(_ context.Context, c mesh.Summary, d string) error {
		root, domain = c, d
		return nil
	}}))(t)
	status, clusterDir := catest.Must(p.rootDir.Status(t.Context()))(t), catest.Must(p.clusterDir.Status(t.Context()))(t)
	if diff := cmp.Diff(status.Root.Certificate, root); diff != "" || domain != "mesh.example.com" {
		t.Errorf("shown was the trust domain %s and the root (-want +got):\n%s", domain, diff)
	}
	if clusterDir.TrustDomain != status.TrustDomain || !cmp.Equal(clusterDir.Constraints, status.Constraints) || !cmp.Equal(clusterDir.Root, status.Root) {
		t.Errorf("in the directory of the cluster it is %+v, in that of the root %+v", clusterDir, status)
	}
}

func TestInstall_TrustDomainOfANewRootCanBeGiven(t *testing.T) {
	t.Parallel()
	for domain, want := range map[string]string{"": fabric.DefaultTrustDomain, "mesh.example.com": "mesh.example.com"} {
		p := newDirectories(t, fabric.RootOptions{TrustDomain: "mesh.example.com"})
		response := p.sign(t, request(t, p.clusterDir, "east"), "east").Response
		got := catest.Must(p.clusterDir.Install(t.Context(), response, fabric.InstallOptions{ConfirmRoot: confirmRoot, TrustDomain: domain}))(t)
		if got.TrustDomain != want || catest.Must(p.clusterDir.Status(t.Context()))(t).TrustDomain != want {
			t.Errorf("given was %q: the trust domain is %s, want %s", domain, got.TrustDomain, want)
		}
	}
	p := newDirectories(t, fabric.RootOptions{})
	response := p.sign(t, request(t, p.clusterDir, "east"), "east").Response
	if _, err := p.clusterDir.Install(t.Context(), response, fabric.InstallOptions{ConfirmRoot: confirmRoot, TrustDomain: "spiffe://x"}); err == nil || !strings.Contains(err.Error(), "is not a host") {
		t.Errorf("got the error %v", err)
	}
}

func TestInstall_AcceptsTheResponseOfAnotherCA(t *testing.T) {
	t.Parallel()
	h, c := catest.New(t), newCorporate(t)
	tests := map[string]struct {
		issuer *ca.Authority
		change func(e *mesh.Exchange)
		root   bool // it is given
		levels int
	}{
		"with the root":                     {h.Root, func(*mesh.Exchange) {}, false, 2},
		"without the root, which is given":  {h.Root, func(e *mesh.Exchange) { e.Certificates = e.Certificates[:1] }, true, 2},
		"three levels":                      {c.issuing, func(*mesh.Exchange) {}, false, 3},
		"three levels, the root is given":   {c.issuing, func(e *mesh.Exchange) { e.Certificates = e.Certificates[:2] }, true, 3},
		"three levels, the root once again": {c.issuing, func(e *mesh.Exchange) { e.Certificates = append(e.Certificates, c.root.Certificate()) }, true, 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, newClock())
			request(t, f, "east")
			e := responseFor(t, test.issuer, ca.IntermediateOptions{}, ca.Request{PublicKey: keyOf(t, f, "east").Public(), CommonName: "corporate says east"})
			test.change(&e)
			o := fabric.InstallOptions{ConfirmRoot: confirmRoot}
			if test.root {
				o.Root = test.issuer.Root()
			}
			got := catest.Must(f.Install(t.Context(), e, o))(t)
			if chain := catest.Must(f.Bundle(t.Context(), "east"))(t).Chain(); got.Cluster != "east" || len(chain) != test.levels {
				t.Errorf("installed is %+v, the chain has %d certificates", got, len(chain))
			}
		})
	}
}

func TestInstall_RefusesAnIncompleteChain(t *testing.T) {
	t.Parallel()
	f, c := open(t, newClock()), newCorporate(t)
	request(t, f, "east")
	e := responseFor(t, c.issuing, ca.IntermediateOptions{}, ca.Request{PublicKey: keyOf(t, f, "east").Public(), CommonName: "east"})
	for what, certs := range map[string][]*x509.Certificate{
		"the issuing CA": {e.Certificates[0], e.Certificates[2]}, "all": e.Certificates[:1], "the root": e.Certificates[:2],
	} {
		if _, err := f.Install(t.Context(), mesh.Exchange{Certificates: certs}, fabric.InstallOptions{ConfirmRoot: confirmRoot}); !errors.Is(err, ca.RuleRooted) {
			t.Errorf("without %s: got the error %v, want one about what is missing", what, err)
		}
	}
}

func TestInstall_KeepsWhatWasInstalledBefore(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	response := p.sign(t, request(t, p.clusterDir, "east"), "east").Response
	install(t, p.clusterDir, response)
	before := tree(t, p.clusterDir.Dir())
	if got := install(t, p.clusterDir, response); got.Action != fabric.Kept || got.Cluster != "east" {
		t.Errorf("again it is %+v", got)
	}
	if _, err := p.clusterDir.Install(t.Context(), response, fabric.InstallOptions{Cluster: "west"}); !errors.Is(err, fabric.ErrNoRequest) {
		t.Errorf("for another cluster: got the error %v", err)
	}
	unchanged(t, p.clusterDir.Dir(), before)
	p.addCluster(t, "east")
	if _, err := p.clusterDir.Install(t.Context(), response, fabric.InstallOptions{}); !errors.Is(err, fabric.ErrNoRequest) {
		t.Errorf("once it is superseded: got the error %v", err)
	}
}

func TestInstall_DryRunChangesNothing(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	response := p.sign(t, request(t, p.clusterDir, "east"), "east").Response
	before := tree(t, p.clusterDir.Dir())
	got := catest.Must(p.clusterDir.Install(t.Context(), response, fabric.InstallOptions{DryRun: true}))(t)
	if got.Action != fabric.Created || !got.RootAdopted {
		t.Errorf("got %+v", got)
	}
	unchanged(t, p.clusterDir.Dir(), before)
}

func TestInstall_ReplacesADamagedBundle(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	p.addCluster(t, "east")
	damage(t, p.clusterDir, "east", "ca-key.pem", nil)
	if got := p.addCluster(t, "east"); got.Action != fabric.Renewed {
		t.Errorf("installed is %+v", got)
	}
	catest.Must(p.clusterDir.Bundle(t.Context(), "east"))(t)
}

func TestInstall_SignsTheFirstCRL(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	p.addCluster(t, "east")
	chain := catest.Must(p.clusterDir.Bundle(t.Context(), "east"))(t).Chain()
	if r := readRecord(t, p.clusterDir, chain[0]); r.Cluster != "east" || r.CRL == "" {
		t.Errorf("in the directory of the cluster the record is %+v", r)
	}
	if r := readRecord(t, p.clusterDir, chain[1]); r.Cluster != "" || r.CRL != "" {
		t.Errorf("the record of the root is %+v", r)
	}
	if r := readRecord(t, p.rootDir, chain[0]); r.Cluster != "east" || r.CRL != "" {
		t.Errorf("in the directory of the root the record is %+v", r)
	}
	if _, there := tree(t, p.clusterDir.Dir())["clusters/east/ca-crl.pem"]; there {
		t.Error("CRLs are published, and nobody requested that")
	}
}

func TestInstall_WritesTheCRLsOfTheResponse(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "west")
	publish(t, p.rootDir)
	ensure(t, p.rootDir, fabric.EnsureOptions{Renew: true}, "west")
	west := tree(t, p.rootDir.ClusterPath("west"))
	signed := p.sign(t, request(t, p.clusterDir, "east"), "east")
	if !signed.WithoutCRL || len(signed.Response.Certificates) != 4 || len(signed.Response.CRLs) != 3 {
		t.Errorf("the response has %d certificates and %d CRLs, without its own: %t", len(signed.Response.Certificates), len(signed.Response.CRLs), signed.WithoutCRL)
	}
	unchanged(t, p.rootDir.ClusterPath("west"), west)
	got := install(t, p.clusterDir, catest.Must(mesh.ParseExchange(signed.Response.Marshal()))(t))
	if !got.Publishes {
		t.Errorf("installed is %+v", got)
	}
	if names := crlNames(t, p.clusterDir, "east"); len(names) != 4 || !slices.Contains(names, subject(t, p.clusterDir, "east")) || !slices.Contains(names, subject(t, p.rootDir, "west")) {
		t.Errorf("the bundle has CRLs of %v", names)
	}
	if !strings.Contains(string(readFile(t, p.clusterDir, "fabric.yaml")), "publishCRLs: true") {
		t.Error("the next installation would not publish")
	}
	request(t, p.clusterDir, "north")
	plain := responseFor(t, rootOf(t, p), ca.IntermediateOptions{}, ca.Request{PublicKey: keyOf(t, p.clusterDir, "north").Public(), CommonName: "north"})
	install(t, p.clusterDir, plain)
	for _, cluster := range []string{"east", "north"} {
		if names := crlNames(t, p.clusterDir, cluster); len(names) != 5 {
			t.Errorf("%s has CRLs of %v, want that of north too", cluster, names)
		}
	}
}

func TestInstall_RefusesAnIncompleteCRLBundleUnlessAllowed(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	publish(t, p.rootDir)
	third := open(t, p.clock)
	west := p.sign(t, request(t, third, "west"), "west")
	response := p.sign(t, request(t, p.clusterDir, "east"), "east").Response
	response.Certificates = append(response.Certificates, west.Response.Certificates[0]) // Sign leaves it out
	before := tree(t, p.clusterDir.Dir())
	_, err := p.clusterDir.Install(t.Context(), response, fabric.InstallOptions{ConfirmRoot: confirmRoot})
	var incomplete *mesh.IncompleteError
	if !errors.As(err, &incomplete) || len(incomplete.Missing) != 1 || incomplete.Missing[0].Subject != west.Certificate.Subject {
		t.Fatalf("got the error %v, want that the CRL of %s is missing", err, west.Certificate.Subject)
	}
	unchanged(t, p.clusterDir.Dir(), before)
	catest.Must(p.clusterDir.Install(t.Context(), response, fabric.InstallOptions{ConfirmRoot: confirmRoot, Incomplete: true}))(t)
	if names := crlNames(t, p.clusterDir, "east"); len(names) != 2 {
		t.Errorf("the bundle has CRLs of %v", names)
	}
}

func TestInstall_IgnoresExpiredCAs(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	ensure(t, p.rootDir, fabric.EnsureOptions{NotAfter: p.Now().Add(time.Hour)}, "west")
	publish(t, p.rootDir)
	signed := p.sign(t, request(t, p.clusterDir, "east"), "east")
	p.advance(2 * time.Hour)
	install(t, p.clusterDir, signed.Response)
	if names := crlNames(t, p.clusterDir, "east"); len(names) != 2 {
		t.Errorf("the bundle has CRLs of %v, want those of the root and of east", names)
	}
}

func TestInstall_CanceledContextChangesNothing(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	response := p.sign(t, request(t, p.clusterDir, "east"), "east").Response
	before := tree(t, p.clusterDir.Dir())
	if _, err := p.clusterDir.Install(canceled(t), response, fabric.InstallOptions{ConfirmRoot: confirmRoot}); !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v", err)
	}
	if _, err := p.rootDir.Sign(canceled(t), request(t, p.clusterDir, "east"), fabric.SignOptions{Cluster: "east"}); !errors.Is(err, context.Canceled) {
		t.Errorf("sign: got the error %v", err)
	}
	unchanged(t, p.clusterDir.Dir(), before)
}

func TestRequest_RefusesAKeyThatOthersCanRead(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	request(t, f, "east")
	if err := os.Chmod(filepath.Join(f.Dir(), "requests/east/ca-key.pem"), 0o640); err != nil {
		t.Fatal(err)
	}
	_, err := f.Request(t.Context(), "east", fabric.RequestOptions{})
	requireRequestError(t, err, f.Dir(), "chmod 600")
}
