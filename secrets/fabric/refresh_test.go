package fabric_test

import (
	"crypto/rand"
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
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

func refresh(t *testing.T, f *fabric.Fabric, o fabric.RefreshCRLsOptions) fabric.RefreshCRLsResult {
	t.Helper()
	return catest.Must(f.RefreshCRLs(t.Context(), o))(t)
}

func TestRefreshCRLs_FirstOnePublishesAndLaterOnesChangeNothing(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	root := ensure(t, f, fabric.EnsureOptions{}, "east", "west").Root.Subject
	old := subject(t, f, "east")
	c.advance(time.Hour)
	ensure(t, f, fabric.EnsureOptions{Renew: true}, "east")
	got := refresh(t, f, fabric.RefreshCRLsOptions{})
	if !got.First || !got.Changed || len(got.Signed)+len(got.Missing) > 0 || !slices.Equal(got.Others, []string{"east", "west"}) {
		t.Errorf("got %+v", got)
	}
	want := []string{root, subject(t, f, "east"), old, subject(t, f, "west")}
	for _, cluster := range got.Others {
		if diff := cmp.Diff(want, crlNames(t, f, cluster)); diff != "" {
			t.Errorf("%s: CRLs (-want +got):\n%s", cluster, diff)
		}
		if data := readFile(t, f, "clusters/"+cluster+"/ca-crl.pem"); !strings.HasPrefix(string(data), "-----BEGIN X509 CRL-----\n") {
			t.Errorf("%s: the CRL bundle begins with %.30q", cluster, data)
		}
	}
	set := catest.Must(f.CRLs(t.Context(), fabric.CRLsOptions{}))(t)
	if text := string(ca.MarshalCRLs(set.CRLs...)); text != string(readFile(t, f, "clusters/west/ca-crl.pem")) {
		t.Error("the CRL bundle is not that of the clusters")
	}
	before := tree(t, f.Dir())
	c.advance(300 * day) // those that live as long as their CA are not due before
	if got := refresh(t, f, fabric.RefreshCRLsOptions{}); got.First || got.Changed || len(got.Signed) > 0 {
		t.Errorf("again: %+v", got)
	}
	unchanged(t, f.Dir(), before)
}

func TestRefreshCRLs_SignsWhenAThirdOfTheTimeIsLeft(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		after time.Duration
		state mesh.CRLState
		signs bool
	}{
		"when two thirds are left": {10 * day, mesh.CRLValid, false},
		"when less is left":        {21 * day, mesh.CRLDue, true},
		"when it has expired":      {30 * day, mesh.CRLExpired, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			f := open(t, c)
			root := ensure(t, f, fabric.EnsureOptions{}, "east").Root
			next := c.Now().Add(30 * day)
			if got := refresh(t, f, fabric.RefreshCRLsOptions{NextUpdate: next}); len(got.Signed) != 1 || got.Signed[0].Certificate.Subject != root.Subject {
				t.Errorf("signed are %+v", got.Signed)
			}
			c.advance(test.after)
			of := catest.Must(f.CAs(t.Context(), fabric.CAsOptions{}))(t).CAs[0]
			if of.CRLState != test.state || !of.CRL.NextUpdate.Equal(next) {
				t.Errorf("the CRL is %s until %s, want %s", of.CRLState, of.CRL.NextUpdate, test.state)
			}
			_, err := f.CRLs(t.Context(), fabric.CRLsOptions{})
			var incomplete *mesh.IncompleteError
			if errors.As(err, &incomplete) != (test.state == mesh.CRLExpired) {
				t.Errorf("the CRL bundle: %v", err)
			}
			if incomplete != nil && !strings.Contains(err.Error(), "the CRL of "+root.Subject+" expired at 2026-02-01T03:04:05Z") {
				t.Errorf("got the error %v", err)
			}
			if got := refresh(t, f, fabric.RefreshCRLsOptions{}); (len(got.Signed) == 1) != test.signs {
				t.Errorf("signed are %+v, want %t", got.Signed, test.signs)
			}
			of = catest.Must(f.CAs(t.Context(), fabric.CAsOptions{}))(t).CAs[0]
			if test.signs && (!of.CRL.NextUpdate.Equal(c.Now().Add(30*day)) || of.CRL.Number.Int64() != c.Now().Unix()) {
				t.Errorf("the next CRL has number %d and lives until %s", of.CRL.Number, of.CRL.NextUpdate)
			}
		})
	}
}

// The lifetime of a CRL is a decision that later CRLs keep.
func TestRefreshCRLs_NextCRLLivesAsLongAsTheLastOne(t *testing.T) {
	t.Parallel()
	month := 30 * day
	tests := map[string]struct {
		next time.Duration // that is requested; zero for none
		wait time.Duration
		do   func(*testing.T, *fabric.Fabric)
		want time.Duration // from now; zero is the end of the root
	}{
		"a refresh": {month, 25 * day, func(t *testing.T, f *fabric.Fabric) { refresh(t, f, fabric.RefreshCRLsOptions{}) }, month},
		"a revocation": {month, day, func(t *testing.T, f *fabric.Fabric) {
			revoke(t, f, fabric.RevokeOptions{Now: true}, "east")
		}, month},
		"a revocation near the end of the root": {month, 10*year - 15*day, func(t *testing.T, f *fabric.Fabric) {
			revoke(t, f, fabric.RevokeOptions{Now: true, NotAfter: catest.Now().Add(10*year - day)}, "east")
		}, 0},
		"a refresh that asks for more": {month, day, func(t *testing.T, f *fabric.Fabric) {
			refresh(t, f, fabric.RefreshCRLsOptions{NextUpdate: catest.Now().Add(101 * day)})
		}, 100 * day},
		"a refresh that asks for the end of the root": {month, day, func(t *testing.T, f *fabric.Fabric) {
			refresh(t, f, fabric.RefreshCRLsOptions{NextUpdate: rootCert(t, f).NotAfter})
		}, 0},
		"after one of another program that ends in seconds": {0, 0, func(t *testing.T, f *fabric.Fabric) {
			importBrief(t, f)
			revoke(t, f, fabric.RevokeOptions{Now: true}, "east")
		}, 0},
		"no next update was requested": {0, day, func(t *testing.T, f *fabric.Fabric) {
			revoke(t, f, fabric.RevokeOptions{Now: true}, "east")
		}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			f := open(t, c)
			ensure(t, f, fabric.EnsureOptions{NotAfter: c.Now().Add(10 * year)}, "east")
			if test.next > 0 {
				refresh(t, f, fabric.RefreshCRLsOptions{NextUpdate: c.Now().Add(test.next)})
			}
			c.advance(test.wait)
			test.do(t, f)
			want := c.Now().Add(test.want)
			if test.want == 0 {
				want = rootCert(t, f).NotAfter
			}
			if got := catest.Must(f.CAs(t.Context(), fabric.CAsOptions{}))(t).CAs[0].CRL.NextUpdate; !got.Equal(want) {
				t.Errorf("the next update is %s, want %s", got, want)
			}
		})
	}
}

// importBrief imports a CRL of the root that ends in seconds.
func importBrief(t *testing.T, f *fabric.Fabric) {
	t.Helper()
	key := catest.Must(ca.ParseKey(readFile(t, f, "root-key.pem")))(t)
	der := catest.Must(x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1 << 40), ThisUpdate: catest.Now(), NextUpdate: catest.Now().Add(30 * time.Second),
	}, rootCert(t, f), key))(t)
	e := mesh.Exchange{CRLs: []*x509.RevocationList{catest.Must(x509.ParseRevocationList(der))(t)}}
	catest.Must(f.ImportCRLs(t.Context(), e, fabric.ImportCRLsOptions{}))(t)
}

func TestRefreshCRLs_ReportsWhatItSigned(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	root := ensure(t, f, fabric.EnsureOptions{}, "east").Root
	next := c.Now().Add(day)
	got := refresh(t, f, fabric.RefreshCRLsOptions{NextUpdate: next, DryRun: true})
	if !got.Changed {
		t.Error("it would change nothing")
	}
	got = refresh(t, f, fabric.RefreshCRLsOptions{NextUpdate: next})
	if len(got.Signed) != 1 || got.Signed[0].Certificate != root || !got.Changed {
		t.Fatalf("signed are %+v", got.Signed)
	}
	if has := catest.Must(f.CAs(t.Context(), fabric.CAsOptions{}))(t).CAs[0].CRL; has.Number.Cmp(got.Signed[0].CRL.Number) != 0 || !got.Signed[0].CRL.NextUpdate.Equal(next) {
		t.Errorf("the CRL is %+v, reported was %+v", has, got.Signed[0].CRL)
	}
	remove(t, f, "clusters/east/ca-crl.pem")
	if got := refresh(t, f, fabric.RefreshCRLsOptions{}); len(got.Signed) > 0 || !got.Changed {
		t.Errorf("a CRL bundle that was lost: %+v", got)
	}
	if got := refresh(t, f, fabric.RefreshCRLsOptions{}); got.Changed {
		t.Errorf("again: %+v", got)
	}
}

// The directory of a cluster has no key of the root.
func TestRefreshCRLs_ReportsTheMissingCRLOfARemoteRoot(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	p.addCluster(t, "east")
	_, err := p.clusterDir.RefreshCRLs(t.Context(), fabric.RefreshCRLsOptions{})
	root := ca.Describe(rootCert(t, p.clusterDir))
	if incomplete := new(mesh.IncompleteError); !errors.As(err, &incomplete) || len(incomplete.Missing) != 1 || incomplete.Missing[0].Subject != root {
		t.Errorf("got the error %v, want that the CRL of %s is missing", err, root)
	}
	if got := refresh(t, p.clusterDir, fabric.RefreshCRLsOptions{Incomplete: true}); len(got.Missing) != 1 || !slices.Equal(got.Others, []string{"east"}) {
		t.Errorf("got %+v", got)
	}
	_, err = p.clusterDir.RefreshCRLs(t.Context(), fabric.RefreshCRLsOptions{NextUpdate: p.Now().Add(day), Incomplete: true})
	if !errors.Is(err, fabric.ErrKeyMissing) {
		t.Errorf("a requested CRL: got the error %v, want ErrKeyMissing", err)
	}
}

// A directory of an early version has no records.
func TestRefreshCRLs_CreatesMissingRecords(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	c.advance(time.Hour)
	ensure(t, f, fabric.EnsureOptions{Renew: true}, "east")
	if err := os.RemoveAll(filepath.Join(f.Dir(), "authorities")); err != nil {
		t.Fatal(err)
	}
	if got := refresh(t, f, fabric.RefreshCRLsOptions{}); len(got.Signed) != 4 || len(got.Missing) > 0 {
		t.Errorf("signed are %+v, missing %+v", got.Signed, got.Missing)
	}
	if got := len(crlNames(t, f, "west")); got != 4 {
		t.Errorf("%d CRLs, want 4", got)
	}
	want := map[string]string{"root": "root", "east": "current superseded", "west": "current"}
	got := make(map[string]string)
	for _, a := range catest.Must(f.CAs(t.Context(), fabric.CAsOptions{}))(t).CAs {
		name := strings.Fields(a.Certificate.Subject)[0]
		got[name] = strings.TrimSpace(got[name] + " " + string(a.Role))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
}

func TestRefreshCRLs_RefusesAndChangesNothing(t *testing.T) {
	t.Parallel()
	lifetime, mode, incomplete := isA[*ca.LifetimeError](), isA[*store.ModeError](), isA[*mesh.IncompleteError]()
	nothing := func(*testing.T, *fabric.Fabric) {}
	tests := map[string]struct {
		prepare func(*testing.T, *fabric.Fabric)
		options fabric.RefreshCRLsOptions
		as      func(error) bool
		want    string
	}{
		"a next update that has passed":    {nothing, fabric.RefreshCRLsOptions{NextUpdate: catest.Now()}, nil, "has passed"},
		"a next update after the CA":       {nothing, fabric.RefreshCRLsOptions{NextUpdate: catest.Now().Add(4000 * day)}, lifetime, "would end at"},
		"the key of a cluster is readable": {exposed, fabric.RefreshCRLsOptions{}, mode, "ca-key.pem"},
		"the key of a cluster is damaged": {func(t *testing.T, f *fabric.Fabric) {
			unrecord(t, f, "east")
			overwrite(t, filepath.Join(f.ClusterPath("east"), "ca-key.pem"), []byte("x"))
		}, fabric.RefreshCRLsOptions{}, nil, "east/ca-key.pem"},
		"the key of a cluster is lost": {func(t *testing.T, f *fabric.Fabric) {
			unrecord(t, f, "east")
			remove(t, f, "clusters/east/ca-key.pem")
		}, fabric.RefreshCRLsOptions{}, incomplete, "east"},
		"the config is damaged": {func(t *testing.T, f *fabric.Fabric) {
			overwrite(t, filepath.Join(f.Dir(), "fabric.yaml"), []byte("x: 1\n"))
		}, fabric.RefreshCRLsOptions{}, nil, "fabric.yaml is damaged"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, newClock())
			ensure(t, f, fabric.EnsureOptions{}, "east", "west")
			test.prepare(t, f)
			before := tree(t, f.Dir())
			for _, dryRun := range []bool{true, false} {
				test.options.DryRun = dryRun
				_, err := f.RefreshCRLs(t.Context(), test.options)
				if err == nil || !strings.Contains(err.Error(), test.want) || test.as != nil && !test.as(err) {
					t.Errorf("got the error %v, want one with %q", err, test.want)
				}
			}
			unchanged(t, f.Dir(), before)
		})
	}
}

// unrecord removes the record of the CA of a cluster.
func unrecord(t *testing.T, f *fabric.Fabric, cluster string) {
	t.Helper()
	remove(t, f, recordFile(t, catest.Must(f.Bundle(t.Context(), cluster))(t).Certificate()))
}

func exposed(t *testing.T, f *fabric.Fabric) {
	t.Helper()
	unrecord(t, f, "east")
	if err := os.Chmod(filepath.Join(f.ClusterPath("east"), "ca-key.pem"), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestRefreshCRLs_NamesAndAllowsMissingCRLs(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	unrecord(t, f, "east")
	remove(t, f, "clusters/east/ca-key.pem")
	got := refresh(t, f, fabric.RefreshCRLsOptions{Incomplete: true})
	if len(got.Missing) != 1 || got.Missing[0].Cluster != "east" {
		t.Errorf("missing is %+v", got.Missing)
	}
	if names := crlNames(t, f, "west"); len(names) != 2 {
		t.Errorf("the bundle has %v", names)
	}
}

func TestRefreshCRLs_NeedsTheCRLOfTheCorporateRoot(t *testing.T) {
	t.Parallel()
	clk := newClock()
	f, c := open(t, clk), newCorporate(t)
	catest.Must(f.Import(t.Context(), c.options()))(t)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	_, err := f.RefreshCRLs(t.Context(), fabric.RefreshCRLsOptions{})
	var incomplete *mesh.IncompleteError
	if !errors.As(err, &incomplete) || len(incomplete.Missing) != 1 || incomplete.Missing[0].Subject != ca.Describe(c.root.Certificate()) {
		t.Fatalf("got the error %v, want that of the corporate root alone", err)
	}
	list := catest.Must(c.root.CRL(ca.CRLOptions{Number: big.NewInt(7)}))(t)
	catest.Must(f.ImportCRLs(t.Context(), catest.Must(mesh.ParseExchange(list.Raw))(t), fabric.ImportCRLsOptions{}))(t)
	refresh(t, f, fabric.RefreshCRLsOptions{})
	east := peerOf(t, f, clk, "east")
	requireAccepted(t, "west of east", peerOf(t, f, clk, "west"), east, clk.Now())
	revoke(t, f, fabric.RevokeOptions{}, "east")
	finish(t, f, "east")
	requireRefused(t, "west of old east", peerOf(t, f, clk, "west"), east, clk.Now(), errRevoked)
}
