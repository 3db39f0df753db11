package fabric_test

import (
	"crypto/x509"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// foreignCluster is an issuing CA below the root of a fabric, a CA below that, and their CRLs.
func foreignCluster(t *testing.T, f *fabric.Fabric) mesh.Exchange {
	t.Helper()
	root := rootAuthority(t, f)
	h := &catest.Hierarchy{}
	issuing := h.Below(t, root, catest.Key("issuing"), ca.IntermediateOptions{PathLen: 1})
	below := h.Below(t, issuing, catest.Key("foreign"), ca.IntermediateOptions{})
	crl := ca.CRLOptions{Number: big.NewInt(7)}
	return mesh.Exchange{
		Certificates: below.Chain()[:2],
		CRLs:         []*x509.RevocationList{catest.Must(issuing.CRL(crl))(t), catest.Must(below.CRL(crl))(t)},
	}
}

func rootAuthority(t *testing.T, f *fabric.Fabric) *ca.Authority {
	t.Helper()
	key := catest.Must(ca.ParseKey(readFile(t, f, "root-key.pem")))(t)
	return catest.Must(ca.Load(key, catest.Must(ca.ParseCertificates(readFile(t, f, "root-cert.pem")))(t), catest.Now))(t)
}

// claim makes the CA that was imported last the intermediate of a cluster.
func claim(t *testing.T, f *fabric.Fabric, cluster string) {
	t.Helper()
	key := catest.Key("foreign")
	name := "authorities/" + catest.Must(ca.KeyID(key.Public()))(t) + ".yaml"
	var r record
	if err := yaml.UnmarshalStrict(readFile(t, f, name), &r); err != nil {
		t.Fatal(err)
	}
	r.Cluster = cluster
	overwrite(t, filepath.Join(f.Dir(), name), catest.Must(yaml.Marshal(r))(t))
}

func importActions(done fabric.ImportCRLsResult) map[string]mesh.CRLAction {
	all := make(map[string]mesh.CRLAction)
	for _, i := range done.CRLs {
		all[strings.Fields(i.Subject)[0]] = i.Action
	}
	return all
}

func TestImportCRLs_AcceptsForeignCAsAndTheirCRLs(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east")
	catest.Must(f.RefreshCRLs(t.Context(), fabric.RefreshCRLsOptions{}))(t)
	before := len(crlNames(t, f, "east"))
	e := foreignCluster(t, f)
	done := catest.Must(f.ImportCRLs(t.Context(), e, fabric.ImportCRLsOptions{}))(t)
	if len(done.Discovered) != 2 || !done.Publishes || len(done.Missing) > 0 {
		t.Errorf("got %+v", done)
	}
	if got := len(crlNames(t, f, "east")); got != before+2 {
		t.Errorf("%d CRLs in the bundle, want two more than %d", got, before)
	}
	tree0 := tree(t, f.Dir())
	again := catest.Must(f.ImportCRLs(t.Context(), e, fabric.ImportCRLsOptions{}))(t)
	if diff := cmp.Diff(map[string]mesh.CRLAction{"east": mesh.CRLKept}, importActions(again)); diff != "" || again.Discovered != nil {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
	unchanged(t, f.Dir(), tree0)
}

func TestImportCRLs_KeepsTheHighestNumber(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east")
	root := rootAuthority(t, f)
	other := (&catest.Hierarchy{}).Below(t, root, catest.Key("foreign"), ca.IntermediateOptions{})
	list := func(number int64, serials ...int64) *x509.RevocationList {
		o := ca.CRLOptions{Number: big.NewInt(number)}
		for _, s := range serials {
			o.Revoked = append(o.Revoked, x509.RevocationListEntry{SerialNumber: big.NewInt(s), RevocationTime: catest.Now()})
		}
		return catest.Must(other.CRL(o))(t)
	}
	certs := other.Chain()
	imports := func(list *x509.RevocationList) (fabric.ImportCRLsResult, error) {
		return f.ImportCRLs(t.Context(), mesh.Exchange{Certificates: certs, CRLs: []*x509.RevocationList{list}}, fabric.ImportCRLsOptions{})
	}
	for _, step := range []struct {
		list *x509.RevocationList
		want mesh.CRLAction
	}{
		{list(7, 1), mesh.CRLAccepted}, {list(6, 1, 2), mesh.CRLOlder}, {list(9), mesh.CRLAccepted}, {list(8, 1), mesh.CRLOlder},
	} {
		done := catest.Must(imports(step.list))(t)
		if got := done.CRLs[0].Action; got != step.want {
			t.Errorf("number %d was %s, want %s", step.list.Number, got, step.want)
		}
	}
	if _, err := imports(list(9, 1)); err == nil || !strings.Contains(err.Error(), "has the number 9 of the one that is here, and other entries") {
		t.Errorf("the same number again: got the error %v", err)
	}
}

// copyOf is a copy of a directory, such as a backup.
func copyOf(t *testing.T, f *fabric.Fabric, c *clock) *fabric.Fabric {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "trust")
	if err := os.CopyFS(dir, os.DirFS(f.Dir())); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return os.Chmod(path, 0o700)
		}
		return os.Chmod(path, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return reopen(t, dir, c)
}

func TestImportCRLs_BringsRevocationsToAnOlderCopy(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	behind := copyOf(t, f, c)
	east := peerOf(t, f, c, "east")
	revoke(t, f, fabric.RevokeOptions{Now: true}, "east")
	c.advance(time.Hour)
	done := exchange(t, f, behind)
	if got := importActions(done)["root"]; got != mesh.CRLAccepted {
		t.Errorf("the CRL of the root was %s, want %s", got, mesh.CRLAccepted)
	}
	catest.Must(behind.RefreshCRLs(t.Context(), fabric.RefreshCRLsOptions{}))(t)
	requireRefused(t, "west", peerOf(t, behind, c, "west"), east, c.Now(), errRevoked)
}

func TestImportCRLs_MergesTheRevocationsOfTwoCopies(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]bool{"the one with the higher number is imported": true, "the one with the lower number is imported": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			f := open(t, c)
			ensure(t, f, fabric.EnsureOptions{}, "east", "west", "north")
			other := copyOf(t, f, c)
			east, west := peerOf(t, f, c, "east"), peerOf(t, f, c, "west")
			revoke(t, f, fabric.RevokeOptions{Now: true}, "east")
			c.advance(time.Hour)
			revoke(t, other, fabric.RevokeOptions{Now: true}, "west")
			from, to := other, f
			if !first {
				from, to = f, other
			}
			c.advance(time.Hour)
			if got := importActions(exchange(t, from, to))["root"]; got != mesh.CRLMerged {
				t.Errorf("the CRL of the root was %s, want %s", got, mesh.CRLMerged)
			}
			north := peerOf(t, to, c, "north")
			requireRefused(t, "north", north, east, c.Now(), errRevoked)
			requireRefused(t, "north", north, west, c.Now(), errRevoked)
			exchange(t, to, from)
			requireRefused(t, "north there", peerOf(t, from, c, "north"), east, c.Now(), errRevoked)
			requireRefused(t, "north there", peerOf(t, from, c, "north"), west, c.Now(), errRevoked)
		})
	}
}

func TestImportCRLs_MergesTheRevocationsOfSeveralCopiesAtOnce(t *testing.T) {
	t.Parallel()
	for name, order := range map[string][]int{"the newest last": {0, 1}, "the newest first": {1, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			f := open(t, c)
			ensure(t, f, fabric.EnsureOptions{}, "east", "west", "north", "south")
			copies := []*fabric.Fabric{copyOf(t, f, c), copyOf(t, f, c)}
			old := []peer{peerOf(t, f, c, "east"), peerOf(t, f, c, "west"), peerOf(t, f, c, "north")}
			revoke(t, f, fabric.RevokeOptions{Now: true}, "east")
			for i, cluster := range []string{"west", "north"} {
				c.advance(time.Hour)
				revoke(t, copies[i], fabric.RevokeOptions{Now: true}, cluster)
			}
			var all mesh.Exchange
			for _, i := range order {
				e := catest.Must(copies[i].Exchange(t.Context()))(t)
				all.Certificates, all.CRLs = append(all.Certificates, e.Certificates...), append(all.CRLs, e.CRLs...)
			}
			catest.Must(f.ImportCRLs(t.Context(), all, fabric.ImportCRLsOptions{}))(t)
			for _, p := range old {
				requireRefused(t, "south", peerOf(t, f, c, "south"), p, c.Now(), errRevoked)
			}
		})
	}
}

func TestImportCRLs_LosesNoRevocationWithoutTheKey(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	other := copyOf(t, f, c)
	revoke(t, f, fabric.RevokeOptions{Now: true}, "east")
	remove(t, f, "root-key.pem")
	c.advance(time.Hour)
	revoke(t, other, fabric.RevokeOptions{Now: true}, "west")
	before := tree(t, f.Dir())
	_, err := f.ImportCRLs(t.Context(), catest.Must(other.Exchange(t.Context()))(t), fabric.ImportCRLsOptions{})
	if !errors.Is(err, fabric.ErrKeyMissing) || !strings.Contains(err.Error(), "revokes east ") {
		t.Errorf("got the error %v, want ErrKeyMissing", err)
	}
	unchanged(t, f.Dir(), before)
}

func TestImportCRLs_RefusesAndChangesNothing(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	crl := func(a *ca.Authority) []*x509.RevocationList {
		return []*x509.RevocationList{catest.Must(a.CRL(ca.CRLOptions{Number: big.NewInt(7)}))(t)}
	}
	tests := map[string]struct {
		give func(*testing.T, *fabric.Fabric) mesh.Exchange
		want string
	}{
		"nothing": {func(*testing.T, *fabric.Fabric) mesh.Exchange { return mesh.Exchange{} }, "no certificate and no CRL is given"},
		"the CRL of an unknown root": {func(*testing.T, *fabric.Fabric) mesh.Exchange {
			return mesh.Exchange{CRLs: crl(h.Root)}
		}, "no known CA signed the CRL"},
		"an unknown root and its CRL": {func(*testing.T, *fabric.Fabric) mesh.Exchange {
			return mesh.Exchange{Certificates: h.Chain(), CRLs: crl(h.Root)}
		}, "does not chain to a known CA"},
		"a CA without its CRL": {func(t *testing.T, f *fabric.Fabric) mesh.Exchange {
			e := foreignCluster(t, f)
			e.CRLs = e.CRLs[:1]
			return e
		}, "has no CRL here"},
		"a leaf": {func(t *testing.T, f *fabric.Fabric) mesh.Exchange {
			return mesh.Exchange{Certificates: peerOf(t, f, newClock(), "east").chain[:1]}
		}, "does not chain to a known CA"},
		"a CA with the name of another CA": {func(t *testing.T, f *fabric.Fabric) mesh.Exchange {
			east := catest.Must(f.Bundle(t.Context(), "east"))(t).Certificate()
			root := rootAuthority(t, f)
			key := catest.Must(ca.ParseKey(readFile(t, f, "root-key.pem")))(t)
			twin := catest.Mutate(t, east, root.Certificate(), key, catest.Mutation{Cert: func(c *x509.Certificate) {
				c.PublicKey, c.SubjectKeyId, c.SerialNumber = catest.Key("twin").Public(), []byte{1}, big.NewInt(5)
			}})
			return mesh.Exchange{Certificates: []*x509.Certificate{twin}}
		}, "distinct-names"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, newClock())
			ensure(t, f, fabric.EnsureOptions{}, "east")
			catest.Must(f.RefreshCRLs(t.Context(), fabric.RefreshCRLsOptions{}))(t)
			e := test.give(t, f)
			before := tree(t, f.Dir())
			for _, dryRun := range []bool{true, false} {
				_, err := f.ImportCRLs(t.Context(), e, fabric.ImportCRLsOptions{DryRun: dryRun})
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got the error %v, want one with %q", err, test.want)
				}
			}
			unchanged(t, f.Dir(), before)
		})
	}
}

func TestImportCRLs_IgnoresTheCRLOfAnExpiredCA(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{NotAfter: c.Now().Add(day)}, "east")
	e := catest.Must(f.Exchange(t.Context()))(t)
	c.advance(day)
	done := catest.Must(f.ImportCRLs(t.Context(), e, fabric.ImportCRLsOptions{}))(t)
	if diff := cmp.Diff(map[string]mesh.CRLAction{"root": mesh.CRLKept, "east": mesh.CRLUnused}, importActions(done)); diff != "" {
		t.Errorf("actions (-want +got):\n%s", diff)
	}
}

// The CRLs of two remote clusters are missing; they arrive one after the other.
func TestImportCRLs_TwoMissingCRLsDoNotBlockEachOther(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "north")
	refresh(t, p.rootDir, fabric.RefreshCRLsOptions{})
	third := open(t, p.clock)
	east := p.sign(t, request(t, p.clusterDir, "east"), "east")
	west := p.sign(t, request(t, third, "west"), "west")
	install(t, p.clusterDir, east.Response)
	install(t, third, west.Response)
	before := readFile(t, p.rootDir, "clusters/north/ca-crl.pem")

	done := exchange(t, p.clusterDir, p.rootDir) // west is still missing
	if done.Written || len(done.Missing) != 1 || done.Missing[0].Cluster != "west" {
		t.Errorf("got %+v", done)
	}
	if got := readFile(t, p.rootDir, "clusters/north/ca-crl.pem"); !cmp.Equal(got, before) {
		t.Error("the CRL bundle of north has changed")
	}
	if done = exchange(t, third, p.rootDir); !done.Written || len(done.Missing) > 0 {
		t.Errorf("got %+v", done)
	}
	exchange(t, p.rootDir, p.clusterDir)
	for cluster, f := range map[string]*fabric.Fabric{"north": p.rootDir, "east": p.clusterDir} {
		if names := crlNames(t, f, cluster); len(names) != 4 {
			t.Errorf("%s has the CRLs of %v, want those of the root and of three clusters", cluster, names)
		}
	}
}
