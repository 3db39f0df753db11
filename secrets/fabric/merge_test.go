package fabric_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// threeLevels is a fabric below a corporate root, whose CRL it has.
func threeLevels(t *testing.T, c *clock, clusters ...string) (*fabric.Fabric, *catest.Hierarchy, *ca.Authority) {
	t.Helper()
	h := catest.New(t)
	issuing := h.Below(t, h.Root, catest.Key("issuing"), ca.IntermediateOptions{PathLen: 1})
	f := open(t, c)
	catest.Must(f.Import(t.Context(), fabric.ImportOptions{Root: h.Root.Certificate(), Issuing: issuing.Chain(), Key: catest.Key("issuing")}))(t)
	importCRLs(t, f, rootCRL(t, h, 1))
	ensure(t, f, fabric.EnsureOptions{}, clusters...)
	refresh(t, f, fabric.RefreshCRLsOptions{})
	return f, h, issuing
}

// rootCRL is the CRL of a corporate root, which revokes those.
func rootCRL(t *testing.T, h *catest.Hierarchy, number int64, revoked ...*x509.Certificate) mesh.Exchange {
	t.Helper()
	o := ca.CRLOptions{Number: big.NewInt(number)}
	for _, cert := range revoked {
		o.Revoked = append(o.Revoked, x509.RevocationListEntry{SerialNumber: cert.SerialNumber, RevocationTime: catest.Now(), ReasonCode: int(mesh.ReasonCACompromise)})
	}
	return mesh.Exchange{CRLs: []*x509.RevocationList{catest.Must(h.Root.CRL(o))(t)}}
}

func importCRLs(t *testing.T, f *fabric.Fabric, e mesh.Exchange) fabric.ImportCRLsResult {
	t.Helper()
	return catest.Must(f.ImportCRLs(t.Context(), e, fabric.ImportCRLsOptions{}))(t)
}

// signedResponse is the response of one directory to a new request of another one.
func signedResponse(t *testing.T, from, to *fabric.Fabric, cluster string) mesh.Exchange {
	t.Helper()
	csr := catest.Must(to.Request(t.Context(), cluster, fabric.RequestOptions{New: true}))(t).CSR
	return catest.Must(from.Sign(t.Context(), csr, fabric.SignOptions{Cluster: cluster}))(t).Response
}

// behindOf is a copy from before west was revoked that has signed a newer CRL.
func behindOf(t *testing.T, f *fabric.Fabric, c *clock) *fabric.Fabric {
	t.Helper()
	behind := copyOf(t, f, c)
	c.advance(time.Hour)
	revoke(t, f, fabric.RevokeOptions{Now: true}, "west")
	c.advance(time.Hour)
	refresh(t, behind, fabric.RefreshCRLsOptions{NextUpdate: c.Now().Add(100 * day)})
	return behind
}

func TestInstall_OlderCopyWithdrawsNoRevocation(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "west", "north")
	refresh(t, p.rootDir, fabric.RefreshCRLsOptions{})
	behind := behindOf(t, p.rootDir, p.clock)
	west := peerOf(t, behind, p.clock, "west")
	p.addCluster(t, "east")

	response := signedResponse(t, behind, p.clusterDir, "east")
	before := tree(t, p.clusterDir.Dir())
	_, err := p.clusterDir.Install(t.Context(), response, fabric.InstallOptions{})
	if !errors.Is(err, fabric.ErrKeyMissing) || !strings.Contains(err.Error(), "revokes west ") {
		t.Errorf("without the key: got the error %v, want ErrKeyMissing", err)
	}
	unchanged(t, p.clusterDir.Dir(), before)

	exchange(t, p.clusterDir, p.rootDir)
	got := install(t, p.rootDir, signedResponse(t, behind, p.rootDir, "south"))
	if action := importActions(fabric.ImportCRLsResult{Merged: got.Merged})["root"]; action != mesh.CRLMerged {
		t.Errorf("where the key is the CRL of the root was %s, want %s", action, mesh.CRLMerged)
	}
	for _, cluster := range []string{"north", "south"} {
		requireRefused(t, cluster, peerOf(t, p.rootDir, p.clock, cluster), west, p.Now(), errRevoked)
	}
}

func TestImportCRLs_OlderCopyWithdrawsNoRevocationOfAnIssuingCA(t *testing.T) {
	t.Parallel()
	c := newClock()
	f, _, _ := threeLevels(t, c, "west", "north")
	west, clusterDir := peerOf(t, f, c, "west"), open(t, c)
	behind := behindOf(t, f, c)
	install(t, clusterDir, signedResponse(t, f, clusterDir, "east"))
	before := tree(t, clusterDir.Dir())
	_, err := clusterDir.ImportCRLs(t.Context(), catest.Must(behind.Exchange(t.Context()))(t), fabric.ImportCRLsOptions{})
	if err == nil || !strings.Contains(err.Error(), "revokes west ") || !strings.Contains(err.Error(), "expected one with all entries, from the directory that has the key") {
		t.Errorf("got the error %v", err)
	}
	unchanged(t, clusterDir.Dir(), before)
	requireRefused(t, "east", peerOf(t, clusterDir, c, "east"), west, c.Now(), errRevoked)
}

func TestInstall_KeepsTheNewestCRL(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "west", "north")
	refresh(t, p.rootDir, fabric.RefreshCRLsOptions{})
	west := peerOf(t, p.rootDir, p.clock, "west")
	p.addCluster(t, "east")
	late := signedResponse(t, p.rootDir, p.clusterDir, "south")
	p.advance(time.Hour)
	revoke(t, p.rootDir, fabric.RevokeOptions{Now: true, Incomplete: true}, "west")
	exchange(t, p.rootDir, p.clusterDir)
	got := install(t, p.clusterDir, late)
	if action := importActions(fabric.ImportCRLsResult{Merged: got.Merged})["root"]; action != mesh.CRLOlder {
		t.Errorf("the CRL of the root was %s, want %s", action, mesh.CRLOlder)
	}
	requireRefused(t, "south", peerOf(t, p.clusterDir, p.clock, "south"), west, p.Now(), errRevoked)
}

// certified is an issuing CA: the same key every time, with another certificate.
func certified(t *testing.T, h *catest.Hierarchy, c *clock, end time.Duration) *ca.Authority {
	t.Helper()
	profile := catest.Must(ca.Intermediate(ca.IntermediateOptions{PathLen: 1}))(t)
	cert := catest.Issue(t, h.Root, profile, ca.Request{PublicKey: catest.Key("issuing").Public(), CommonName: "issuing", NotAfter: c.Now().Add(end)})
	return catest.Must(ca.Load(catest.Key("issuing"), []*x509.Certificate{cert, h.Root.Certificate()}, c.Now))(t)
}

func TestRefreshCRLs_NeedsOneCRLOfARenewedIssuingCA(t *testing.T) {
	t.Parallel()
	c, h := newClock(), catest.New(t)
	first, second := certified(t, h, c, 30*day), certified(t, h, c, 300*day)
	below := func(issuing *ca.Authority) *fabric.Fabric {
		f := open(t, c)
		catest.Must(f.Import(t.Context(), fabric.ImportOptions{Root: h.Root.Certificate(), Issuing: issuing.Chain(), Key: catest.Key("issuing")}))(t)
		importCRLs(t, f, rootCRL(t, h, 1))
		refresh(t, f, fabric.RefreshCRLsOptions{})
		return f
	}
	clusterDir := open(t, c)
	installFrom := func(from *fabric.Fabric) {
		csr := catest.Must(clusterDir.Request(t.Context(), "east", fabric.RequestOptions{New: true}))(t).CSR
		signed := catest.Must(from.Sign(t.Context(), csr, fabric.SignOptions{Cluster: "east", NotAfter: c.Now().Add(29 * day)}))(t)
		install(t, clusterDir, signed.Response)
	}
	installFrom(below(first))
	c.advance(20 * day)
	installFrom(below(second))
	c.advance(11 * day) // the first one has ended
	refresh(t, clusterDir, fabric.RefreshCRLsOptions{})
	if names := crlNames(t, clusterDir, "east"); len(names) != 3 {
		t.Errorf("the bundle has CRLs of %v, want those of root, issuing CA and east", names)
	}
}

func TestImportCRLs_CAIsRevokedWhenAllItsCertificatesAre(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		revoked []int
		want    string
	}{
		"the one that ends first":           {[]int{0}, string(mesh.RoleIssuing)},
		"the one that ends last":            {[]int{1}, string(mesh.RoleIssuing)},
		"both":                              {[]int{0, 1}, string(mesh.LifecycleRevoked)},
		"none":                              {nil, string(mesh.RoleIssuing)},
		"the last one, the first has ended": {[]int{1, 2}, string(mesh.LifecycleRevoked)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, h := newClock(), catest.New(t)
			versions := []*ca.Authority{certified(t, h, c, 90*day), certified(t, h, c, 300*day)}
			f := open(t, c)
			catest.Must(f.Import(t.Context(), fabric.ImportOptions{Root: h.Root.Certificate(), Issuing: versions[0].Chain(), Key: catest.Key("issuing")}))(t)
			importCRLs(t, f, mesh.Exchange{Certificates: versions[1].Chain()})
			var revoked []*x509.Certificate
			for _, i := range test.revoked {
				if i == len(versions) {
					c.advance(91 * day)
					continue
				}
				revoked = append(revoked, versions[i].Certificate())
			}
			importCRLs(t, f, rootCRL(t, h, 1, revoked...))
			var got string
			for _, a := range catest.Must(f.CAs(t.Context(), fabric.CAsOptions{}))(t).CAs {
				if strings.HasPrefix(a.Certificate.Subject, "issuing ") {
					got = status(a)
				}
			}
			if got != test.want {
				t.Errorf("the issuing CA is %s, want %s", got, test.want)
			}
		})
	}
}

func TestRevoke_AllCertificatesThatTwoCopiesSignedForOneKey(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "west")
	refresh(t, p.rootDir, fabric.RefreshCRLsOptions{})
	other := copyOf(t, p.rootDir, p.clock)
	csr := request(t, p.clusterDir, "east")
	p.sign(t, csr, "east")
	install(t, p.clusterDir, catest.Must(other.Sign(t.Context(), csr, fabric.SignOptions{Cluster: "east"}))(t).Response)
	east := peerOf(t, p.clusterDir, p.clock, "east")
	if done := exchange(t, p.clusterDir, p.rootDir); len(done.Discovered) != 1 || !done.Written {
		t.Errorf("discovered %v, written %t, want the second certificate of the key", done.Discovered, done.Written)
	}
	requireAccepted(t, "west", peerOf(t, p.rootDir, p.clock, "west"), east, p.Now())
	revoke(t, p.rootDir, fabric.RevokeOptions{Now: true}, "east")
	requireRefused(t, "west", peerOf(t, p.rootDir, p.clock, "west"), east, p.Now(), errRevoked)
	if got := entries(catest.Must(p.rootDir.CRLs(t.Context(), fabric.CRLsOptions{}))(t).CRLs); len(got) != 2 {
		t.Errorf("revoked are %v, want both certificates", got)
	}
}

func TestImportCRLs_RefusesAKeyUnderTwoNames(t *testing.T) {
	t.Parallel()
	c, h := newClock(), catest.New(t)
	f := open(t, c)
	catest.Must(f.Import(t.Context(), fabric.ImportOptions{Root: h.Root.Certificate(), Issuing: certified(t, h, c, 90*day).Chain(), Key: catest.Key("issuing")}))(t)
	other := catest.Issue(t, h.Root, catest.Must(ca.Intermediate(ca.IntermediateOptions{PathLen: 1}))(t), ca.Request{PublicKey: catest.Key("issuing").Public(), CommonName: "other"})
	_, err := f.ImportCRLs(t.Context(), mesh.Exchange{Certificates: []*x509.Certificate{other}}, fabric.ImportCRLsOptions{})
	if err == nil || !strings.Contains(err.Error(), "has the key of issuing ") {
		t.Errorf("got the error %v", err)
	}
}

func TestImportCRLs_NamesUnknownCAsAndAcceptsTheRest(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	refresh(t, f, fabric.RefreshCRLsOptions{})
	behind := copyOf(t, f, c)
	c.advance(time.Hour)
	ensure(t, f, fabric.EnsureOptions{Renew: true}, "east") // no cluster has this one in the end
	ensure(t, f, fabric.EnsureOptions{Renew: true}, "east")
	revoke(t, f, fabric.RevokeOptions{Now: true}, "west")
	var sets mesh.Exchange
	for _, cluster := range []string{"east", "west"} {
		b := catest.Must(f.Bundle(t.Context(), cluster))(t)
		sets.Certificates, sets.CRLs = append(sets.Certificates, b.Chain()...), append(sets.CRLs, b.CRLs()...)
	}
	done := importCRLs(t, behind, sets)
	actions := make(map[mesh.CRLAction]int)
	for _, i := range done.CRLs {
		actions[i.Action]++
	}
	// Accepted are the CRLs of the root and of the newest east and west.
	if diff := cmp.Diff(map[mesh.CRLAction]int{mesh.CRLAccepted: 3, mesh.CRLKept: 2, mesh.CRLUnknown: 1}, actions); diff != "" || !done.Written {
		t.Errorf("written %t, actions (-want +got):\n%s", done.Written, diff)
	}
	if len(done.Revoked) != 1 || done.Revoked[0].Cluster != "west" || done.Revoked[0].Role != mesh.RoleCurrent {
		t.Errorf("revoked is %+v, want the current one of west", done.Revoked)
	}
}

func TestImportCRLs_RefusesACRLThatItsCADidNotSign(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east")
	root := rootAuthority(t, f)
	twin := catest.Must(ca.NewRoot(ca.RootOptions{Key: catest.Key("twin"), Organization: "mesh", Now: catest.Now}))(t)
	list := *catest.Must(twin.CRL(ca.CRLOptions{Number: big.NewInt(7)}))(t)
	list.RawIssuer = root.Certificate().RawSubject
	_, err := f.ImportCRLs(t.Context(), mesh.Exchange{Certificates: root.Chain(), CRLs: []*x509.RevocationList{&list}}, fabric.ImportCRLsOptions{})
	if !errors.Is(err, ca.ErrForeignCRL) {
		t.Errorf("got the error %v, want ErrForeignCRL", err)
	}
}

func TestImportCRLs_CopyCanRevokeWhatWasIssuedAfterIt(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	refresh(t, f, fabric.RefreshCRLsOptions{})
	behind := copyOf(t, f, c)
	c.advance(time.Hour)
	ensure(t, f, fabric.EnsureOptions{Renew: true}, "east")
	ensure(t, f, fabric.EnsureOptions{}, "north")
	stolen := peerOf(t, f, c, "east")
	done := exchange(t, f, behind)
	if diff := cmp.Diff([]string{"north"}, done.Remote); diff != "" {
		t.Errorf("remote (-want +got):\n%s", diff)
	}
	c.advance(time.Hour)
	revoke(t, behind, fabric.RevokeOptions{Now: true}, "east")
	requireRefused(t, "west", peerOf(t, behind, c, "west"), stolen, c.Now(), errRevoked)
}

func TestImportCRLs_ForeignCAsAreOfNoCluster(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "west")
	other := otherMesh(t, c, "foreign.example")
	cross := crossSign(t, f, rootCert(t, other), fabric.CrossSignOptions{TrustDomain: "foreign.example"}).Cross
	copied := copyOf(t, f, c)
	remove(t, copied, recordFile(t, cross))
	e := catest.Must(other.Exchange(t.Context()))(t)
	e.Certificates = append(e.Certificates, cross)
	for _, to := range []*fabric.Fabric{f, copied} {
		importCRLs(t, to, e)
		clusters := make(map[string]int)
		for _, a := range catest.Must(to.CAs(t.Context(), fabric.CAsOptions{}))(t).CAs {
			clusters[a.Cluster]++
		}
		if diff := cmp.Diff(map[string]int{"": 3, "west": 1}, clusters); diff != "" {
			t.Errorf("CAs by cluster (-want +got):\n%s", diff)
		}
	}
}

// long is a CRL with a number of entries.
func long(t *testing.T, signer *ca.Authority, number int64, entries int) *x509.RevocationList {
	t.Helper()
	o := ca.CRLOptions{Number: big.NewInt(number)}
	for i := range entries {
		o.Revoked = append(o.Revoked, x509.RevocationListEntry{SerialNumber: big.NewInt(int64(i + 1)), RevocationTime: catest.Now()})
	}
	return catest.Must(signer.CRL(o))(t)
}

func TestImportCRLs_LimitsTheSizeOfTheCRLOfACluster(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "west")
	refresh(t, p.rootDir, fabric.RefreshCRLsOptions{})
	p.addCluster(t, "evil")
	exchange(t, p.clusterDir, p.rootDir)
	b := catest.Must(p.clusterDir.Bundle(t.Context(), "evil"))(t)
	signer := catest.Must(ca.Load(b.Key(), b.Chain(), p.Now))(t)
	p.advance(time.Hour)
	for entries, want := range map[int]string{100: "", 1000: "expected at most 16384 of a CA that signs for one cluster"} {
		e := mesh.Exchange{CRLs: []*x509.RevocationList{long(t, signer, p.Now().Unix()+int64(entries), entries)}}
		_, err := p.rootDir.ImportCRLs(t.Context(), e, fabric.ImportCRLsOptions{DryRun: true})
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d entries: got the error %v, want %q", entries, err, want)
		}
	}
}

func TestImportCRLs_LargeBundleOmitsTheCRLsOfRevokedCAs(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	root := rootOfFabric(t, f)
	h := &catest.Hierarchy{}
	issuing := h.Below(t, root, catest.Key("issuing"), ca.IntermediateOptions{PathLen: 1})
	const room = 1<<20 - 64<<10
	list := padded(t, issuing, 7, 700_000)
	if n := len(ca.MarshalCRLs(list)); n > room || n < room*9/10 {
		t.Fatalf("the CRL takes %d bytes, and is to fill most of %d", n, room)
	}
	certs := issuing.Chain()[:1]
	before := tree(t, f.Dir())
	e := mesh.Exchange{Certificates: certs, CRLs: []*x509.RevocationList{list}}
	if done := catest.Must(f.ImportCRLs(t.Context(), e, fabric.ImportCRLsOptions{DryRun: true}))(t); !done.Written {
		t.Error("a CRL for which there is room is not written")
	}
	large := padded(t, issuing, 8, 750_000)
	_, err := f.ImportCRLs(t.Context(), mesh.Exchange{Certificates: certs, CRLs: []*x509.RevocationList{large}}, fabric.ImportCRLsOptions{})
	if err == nil || !strings.Contains(err.Error(), "and a Secret has room for 983040") {
		t.Errorf("got the error %v, want that there is no room", err)
	}
	unchanged(t, f.Dir(), before)

	revoked := ca.CRLOptions{Number: big.NewInt(newClock().Now().Unix() + 1), Revoked: []x509.RevocationListEntry{{SerialNumber: issuing.Certificate().SerialNumber, RevocationTime: catest.Now()}}}
	both := mesh.Exchange{Certificates: certs, CRLs: []*x509.RevocationList{large, catest.Must(root.CRL(revoked))(t)}}
	done := importCRLs(t, f, both)
	if names := crlNames(t, f, "east"); len(names) != 2 || !done.Written {
		t.Errorf("written %t, the bundle has CRLs of %v, want those of root and east", done.Written, names)
	}
}

// padded is a CRL with an extension of a size. It takes less time than one with many entries.
func padded(t *testing.T, issuing *ca.Authority, number int64, size int) *x509.RevocationList {
	t.Helper()
	der := catest.Must(x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(number), ThisUpdate: catest.Now(), NextUpdate: catest.Now().Add(day),
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Value: make([]byte, size)}},
	}, issuing.Certificate(), catest.Key("issuing")))(t)
	return catest.Must(x509.ParseRevocationList(der))(t)
}

// rootOfFabric is the CA of a fabric that publishes CRLs.
func rootOfFabric(t *testing.T, f *fabric.Fabric) *ca.Authority {
	t.Helper()
	ensure(t, f, fabric.EnsureOptions{}, "east")
	refresh(t, f, fabric.RefreshCRLsOptions{})
	return rootAuthority(t, f)
}

func TestImportCRLs_ReportsWhatItRevokesAndWhetherItIsWritten(t *testing.T) {
	t.Parallel()
	c := newClock()
	f, h, issuing := threeLevels(t, c, "west", "north")
	clusterDir := open(t, c)
	install(t, clusterDir, signedResponse(t, f, clusterDir, "east"))
	exchange(t, clusterDir, f)
	third := open(t, c)
	signedResponse(t, f, third, "south") // signed, and never installed: its CRL is missing
	done := importCRLs(t, f, rootCRL(t, h, 2, issuing.Certificate()))
	want := []mesh.RevokedCA{{Certificate: catest.Must(f.Status(t.Context()))(t).Issuing.Certificate, Role: mesh.RoleIssuing}}
	if diff := cmp.Diff(want, done.Revoked); diff != "" || done.Written || len(done.Missing) != 1 {
		t.Errorf("written %t, missing %v, revoked (-want +got):\n%s", done.Written, done.Missing, diff)
	}
	// In the directory of the cluster the same CA stands above the intermediate.
	if done = importCRLs(t, clusterDir, rootCRL(t, h, 2, issuing.Certificate())); len(done.Revoked) != 1 || done.Revoked[0].Role != mesh.RoleIssuing || !done.Written {
		t.Errorf("in the directory of the cluster: written %t, revoked %+v", done.Written, done.Revoked)
	}
	if again := importCRLs(t, clusterDir, rootCRL(t, h, 3, issuing.Certificate())); again.Revoked != nil {
		t.Errorf("the next time revoked is %+v", again.Revoked)
	}
}

func TestImportCRLs_MergesTheEntriesOfAnotherProgram(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	root := rootAuthority(t, f)
	revoke(t, f, fabric.RevokeOptions{Now: true}, "east")
	key := catest.Must(ca.ParseKey(readFile(t, f, "root-key.pem")))(t)
	der := catest.Must(x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: catest.Now(), NextUpdate: catest.Now().Add(year),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(7), RevocationTime: catest.Now().Add(day), ReasonCode: 7}},
	}, root.Certificate(), key))(t)
	e := mesh.Exchange{CRLs: []*x509.RevocationList{catest.Must(x509.ParseRevocationList(der))(t)}}
	if got := importActions(importCRLs(t, f, e))["root"]; got != mesh.CRLMerged {
		t.Errorf("the CRL was %s, want %s", got, mesh.CRLMerged)
	}
	if got := entries(catest.Must(f.Bundle(t.Context(), "west"))(t).CRLs()); len(got) != 2 {
		t.Errorf("revoked are %v, want two", got)
	}
}

func TestCRLs_HaveTheSameOrderInEveryDirectory(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "a", "west", "b", "z")
	refresh(t, p.rootDir, fabric.RefreshCRLsOptions{})
	p.addCluster(t, "east")
	exchange(t, p.clusterDir, p.rootDir)
	set := catest.Must(p.rootDir.CRLs(t.Context(), fabric.CRLsOptions{}))(t)
	for name, f := range map[string]*fabric.Fabric{"installed": p.clusterDir, "imported": p.rootDir} {
		got := catest.Must(f.CRLs(t.Context(), fabric.CRLsOptions{}))(t)
		cluster := map[string]string{"installed": "east", "imported": "west"}[name]
		if diff := cmp.Diff(string(ca.MarshalCRLs(set.CRLs...)), string(ca.MarshalCRLs(got.CRLs...))); diff != "" {
			t.Errorf("%s: the CRL bundle (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(string(ca.MarshalCRLs(got.CRLs...)), string(readFile(t, f, "clusters/"+cluster+"/ca-crl.pem"))); diff != "" {
			t.Errorf("%s: what is written (-want +got):\n%s", name, diff)
		}
	}
}

func TestInstall_RefusesBelowARevokedCA(t *testing.T) {
	t.Parallel()
	c := newClock()
	f, h, issuing := threeLevels(t, c, "west")
	clusterDir := open(t, c)
	install(t, clusterDir, signedResponse(t, f, clusterDir, "east"))
	late := signedResponse(t, f, clusterDir, "north")
	csr := request(t, clusterDir, "south")
	for _, to := range []*fabric.Fabric{f, clusterDir} {
		importCRLs(t, to, rootCRL(t, h, 2, issuing.Certificate()))
	}
	before := tree(t, clusterDir.Dir())
	revoked := isA[*mesh.RevokedError]()
	if _, err := f.Sign(t.Context(), csr, fabric.SignOptions{Cluster: "south"}); !revoked(err) {
		t.Errorf("sign: got the error %v, want a RevokedError", err)
	}
	if _, err := clusterDir.Install(t.Context(), late, fabric.InstallOptions{}); !revoked(err) {
		t.Errorf("install: got the error %v, want a RevokedError", err)
	}
	unchanged(t, clusterDir.Dir(), before)
}

func TestInstall_KeepsThePendingRevocation(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "west")
	response := p.sign(t, request(t, p.rootDir, "east"), "east").Response
	revoke(t, p.rootDir, fabric.RevokeOptions{Incomplete: true}, "east")
	catest.Must(p.rootDir.Install(t.Context(), response, fabric.InstallOptions{Incomplete: true}))(t)
	if got := statuses(t, p.rootDir); got[subject(t, p.rootDir, "east")] != string(mesh.LifecyclePending) {
		t.Errorf("the statuses are %v, want that of east pending", got)
	}
	catest.Must(p.rootDir.CRLs(t.Context(), fabric.CRLsOptions{}))(t) // that of east was written down
}

func TestInstall_SameResponseBringsNewerCRLs(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "west", "north")
	refresh(t, p.rootDir, fabric.RefreshCRLsOptions{})
	west := peerOf(t, p.rootDir, p.clock, "west")
	csr := request(t, p.clusterDir, "east")
	install(t, p.clusterDir, p.sign(t, csr, "east").Response)
	exchange(t, p.clusterDir, p.rootDir)
	p.advance(time.Hour)
	revoke(t, p.rootDir, fabric.RevokeOptions{Now: true}, "west")
	got := install(t, p.clusterDir, p.sign(t, csr, "east").Response)
	if got.Action != fabric.Kept || len(got.Revoked) != 1 {
		t.Errorf("installed is %+v", got)
	}
	requireRefused(t, "east", peerOf(t, p.clusterDir, p.clock, "east"), west, p.Now(), errRevoked)
}

// A revoked CA without a CRL is exchanged with its revocation, so that a copy which does not know
// the CA cannot withdraw the revocation.
func TestImportCRLs_KeepsTheRevocationOfAnOrphan(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	lost := orphan(t, p)
	behind := copyOf(t, p.rootDir, p.clock)
	revokeCertificate(t, p.rootDir, lost.Subject, fabric.RevokeCertificatesOptions{})
	exchange(t, p.rootDir, p.clusterDir)
	p.advance(time.Hour)
	next := fabric.RefreshCRLsOptions{NextUpdate: p.Now().Add(time.Hour), Incomplete: true}
	catest.Must(behind.RefreshCRLs(t.Context(), next))(t)
	_, err := p.clusterDir.ImportCRLs(t.Context(), catest.Must(behind.Exchange(t.Context()))(t), fabric.ImportCRLsOptions{})
	if err == nil || !strings.Contains(err.Error(), "revokes "+lost.Subject) {
		t.Errorf("got the error %v, want that the revocation of %s is withdrawn", err, lost.Subject)
	}
}

// A CA may drop the entries of expired certificates. Those of unknown serials are reported.
func TestImportCRLs_ReportsDroppedEntries(t *testing.T) {
	t.Parallel()
	c := newClock()
	f, above := open(t, c), newCorporate(t)
	catest.Must(f.Import(t.Context(), above.options()))(t)
	for number, want := range []int{0, 2, 0} {
		var revoked []x509.RevocationListEntry
		if number == 0 {
			revoked = []x509.RevocationListEntry{{SerialNumber: big.NewInt(5), RevocationTime: c.Now()}, {SerialNumber: big.NewInt(7), RevocationTime: c.Now()}}
		}
		list := catest.Must(above.root.CRL(ca.CRLOptions{Number: big.NewInt(int64(number + 1)), Revoked: revoked}))(t)
		done := catest.Must(f.ImportCRLs(t.Context(), mesh.Exchange{CRLs: []*x509.RevocationList{list}}, fabric.ImportCRLsOptions{}))(t)
		if got := done.CRLs[0].Dropped; got != want {
			t.Errorf("CRL %d forgets %d, want %d", number+1, got, want)
		}
	}
}
