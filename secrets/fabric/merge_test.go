package fabric_test

import (
	"crypto/rand"
	"crypto/x509"
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
	imported(t, f, rootCRL(t, h, 1))
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

func imported(t *testing.T, f *fabric.Fabric, e mesh.Exchange) fabric.ImportCRLsResult {
	t.Helper()
	return catest.Must(f.ImportCRLs(t.Context(), e, fabric.ImportCRLsOptions{}))(t)
}

// answered is what a directory answers to a new request of a cluster.
func answered(t *testing.T, from, to *fabric.Fabric, cluster string) mesh.Exchange {
	t.Helper()
	csr := catest.Must(to.Request(t.Context(), cluster, fabric.RequestOptions{New: true}))(t).CSR
	return catest.Must(from.Sign(t.Context(), csr, fabric.SignOptions{Cluster: cluster}))(t).Response
}

// behindOf is a copy from before west was revoked, which has signed a newer CRL since.
func behindOf(t *testing.T, f *fabric.Fabric, c *clock) *fabric.Fabric {
	t.Helper()
	behind := copyOf(t, f, c)
	c.advance(time.Hour)
	revoke(t, f, fabric.RevokeOptions{Now: true}, "west")
	c.advance(time.Hour)
	refresh(t, behind, fabric.RefreshCRLsOptions{NextUpdate: c.Now().Add(100 * day)})
	return behind
}

func TestACopyThatIsBehindTakesNoRevocationBackByAnAnswer(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	ensure(t, p.root, fabric.EnsureOptions{}, "west", "north")
	refresh(t, p.root, fabric.RefreshCRLsOptions{})
	behind := behindOf(t, p.root, p.clock)
	west := peerOf(t, behind, p.clock, "west")
	p.through(t, "east")

	answer := answered(t, behind, p.beside, "east")
	before := tree(t, p.beside.Dir())
	_, err := p.beside.Install(t.Context(), answer, fabric.InstallOptions{})
	if !errors.Is(err, fabric.ErrKeyMissing) || !strings.Contains(err.Error(), "revokes west ") {
		t.Errorf("where the key is elsewhere: got the error %v, want ErrRootKeyMissing", err)
	}
	unchanged(t, p.beside.Dir(), before)

	exchange(t, p.beside, p.root)
	got := installed(t, p.root, answered(t, behind, p.root, "south"))
	if action := importActions(fabric.ImportCRLsResult{Merged: got.Merged})["root"]; action != mesh.CRLMerged {
		t.Errorf("where the key is the CRL of the root was %s, want %s", action, mesh.CRLMerged)
	}
	for _, cluster := range []string{"north", "south"} {
		wantRefused(t, cluster, peerOf(t, p.root, p.clock, cluster), west, p.Now(), errRevoked)
	}
}

func TestACopyThatIsBehindTakesNoRevocationOfAnIssuingCABack(t *testing.T) {
	t.Parallel()
	c := newClock()
	f, _, _ := threeLevels(t, c, "west", "north")
	west, beside := peerOf(t, f, c, "west"), open(t, c)
	behind := behindOf(t, f, c)
	installed(t, beside, answered(t, f, beside, "east"))
	before := tree(t, beside.Dir())
	_, err := beside.ImportCRLs(t.Context(), catest.Must(behind.Exchange(t.Context()))(t), fabric.ImportCRLsOptions{})
	if err == nil || !strings.Contains(err.Error(), "revokes west ") || !strings.Contains(err.Error(), "expected one with all entries, from the directory that has the key") {
		t.Errorf("got the error %v", err)
	}
	unchanged(t, beside.Dir(), before)
	wantRefused(t, "east", peerOf(t, beside, c, "east"), west, c.Now(), errRevoked)
}

func TestAnAnswerBringsNoOlderCRL(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	ensure(t, p.root, fabric.EnsureOptions{}, "west", "north")
	refresh(t, p.root, fabric.RefreshCRLsOptions{})
	west := peerOf(t, p.root, p.clock, "west")
	p.through(t, "east")
	late := answered(t, p.root, p.beside, "south")
	p.advance(time.Hour)
	revoke(t, p.root, fabric.RevokeOptions{Now: true, Incomplete: true}, "west")
	exchange(t, p.root, p.beside)
	got := installed(t, p.beside, late)
	if action := importActions(fabric.ImportCRLsResult{Merged: got.Merged})["root"]; action != mesh.CRLOlder {
		t.Errorf("the CRL of the root was %s, want %s", action, mesh.CRLOlder)
	}
	wantRefused(t, "south", peerOf(t, p.beside, p.clock, "south"), west, p.Now(), errRevoked)
}

// certified is an issuing CA: the same key every time, with another certificate.
func certified(t *testing.T, h *catest.Hierarchy, c *clock, end time.Duration) *ca.Authority {
	t.Helper()
	profile := catest.Must(ca.Intermediate(ca.IntermediateOptions{PathLen: 1}))(t)
	cert := catest.Issue(t, h.Root, profile, ca.Request{PublicKey: catest.Key("issuing").Public(), CommonName: "issuing", NotAfter: c.Now().Add(end)})
	return catest.Must(ca.Load(catest.Key("issuing"), []*x509.Certificate{cert, h.Root.Certificate()}, c.Now))(t)
}

func TestACAThatIsCertifiedAnewStaysComplete(t *testing.T) {
	t.Parallel()
	c, h := newClock(), catest.New(t)
	first, second := certified(t, h, c, 30*day), certified(t, h, c, 300*day)
	below := func(issuing *ca.Authority) *fabric.Fabric {
		f := open(t, c)
		catest.Must(f.Import(t.Context(), fabric.ImportOptions{Root: h.Root.Certificate(), Issuing: issuing.Chain(), Key: catest.Key("issuing")}))(t)
		imported(t, f, rootCRL(t, h, 1))
		refresh(t, f, fabric.RefreshCRLsOptions{})
		return f
	}
	beside := open(t, c)
	install := func(from *fabric.Fabric) {
		csr := catest.Must(beside.Request(t.Context(), "east", fabric.RequestOptions{New: true}))(t).CSR
		signed := catest.Must(from.Sign(t.Context(), csr, fabric.SignOptions{Cluster: "east", NotAfter: c.Now().Add(29 * day)}))(t)
		installed(t, beside, signed.Response)
	}
	install(below(first))
	c.advance(20 * day)
	install(below(second))
	c.advance(11 * day) // the first one has ended
	refresh(t, beside, fabric.RefreshCRLsOptions{})
	if names := crlNames(t, beside, "east"); len(names) != 3 {
		t.Errorf("the set has CRLs of %v, want those of root, issuing CA and east", names)
	}
}

func TestACAIsRevokedWhenAllItsCertificatesAre(t *testing.T) {
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
			imported(t, f, mesh.Exchange{Certificates: versions[1].Chain()})
			var revoked []*x509.Certificate
			for _, i := range test.revoked {
				if i == len(versions) {
					c.advance(91 * day)
					continue
				}
				revoked = append(revoked, versions[i].Certificate())
			}
			imported(t, f, rootCRL(t, h, 1, revoked...))
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

func TestWhatTwoCopiesSignedForOneKeyIsRevokedAtOnce(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	ensure(t, p.root, fabric.EnsureOptions{}, "west")
	refresh(t, p.root, fabric.RefreshCRLsOptions{})
	other := copyOf(t, p.root, p.clock)
	csr := requested(t, p.beside, "east")
	p.signed(t, csr, "east")
	installed(t, p.beside, catest.Must(other.Sign(t.Context(), csr, fabric.SignOptions{Cluster: "east"}))(t).Response)
	east := peerOf(t, p.beside, p.clock, "east")
	if done := exchange(t, p.beside, p.root); len(done.Discovered) != 1 || !done.Written {
		t.Errorf("learned %v, written %t, want the second certificate of the key", done.Discovered, done.Written)
	}
	wantRefused(t, "west", peerOf(t, p.root, p.clock, "west"), east, p.Now(), nil)
	revoke(t, p.root, fabric.RevokeOptions{Now: true}, "east")
	wantRefused(t, "west", peerOf(t, p.root, p.clock, "west"), east, p.Now(), errRevoked)
	if got := entries(catest.Must(p.root.CRLs(t.Context(), fabric.CRLsOptions{}))(t).CRLs); len(got) != 2 {
		t.Errorf("revoked are %v, want both certificates", got)
	}
}

func TestAKeyUnderTwoNamesIsRefused(t *testing.T) {
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

func TestCRLsOfUnknownCAsAreNamedAndTheRestIsTaken(t *testing.T) {
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
	done := imported(t, behind, sets)
	actions := make(map[mesh.CRLAction]int)
	for _, i := range done.CRLs {
		actions[i.Action]++
	}
	// The root's is taken, and those of the newest east and west; of the last two there is a copy.
	if diff := cmp.Diff(map[mesh.CRLAction]int{mesh.CRLAccepted: 3, mesh.CRLKept: 2, mesh.CRLUnknown: 1}, actions); diff != "" || !done.Written {
		t.Errorf("written %t, actions (-want +got):\n%s", done.Written, diff)
	}
	if len(done.Revoked) != 1 || done.Revoked[0].Cluster != "west" || done.Revoked[0].Role != mesh.RoleCurrent {
		t.Errorf("revoked is %+v, want the current one of west", done.Revoked)
	}
}

func TestACRLThatAKnownCADidNotSignIsRefused(t *testing.T) {
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

func TestWhatWasIssuedAfterACopyCanBeRevokedByIt(t *testing.T) {
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
		t.Errorf("elsewhere (-want +got):\n%s", diff)
	}
	c.advance(time.Hour)
	revoke(t, behind, fabric.RevokeOptions{Now: true}, "east")
	wantRefused(t, "west", peerOf(t, behind, c, "west"), stolen, c.Now(), errRevoked)
}

func TestTheCAsOfAnotherMeshAreOfNoCluster(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "west")
	other := otherMesh(t, c, "abroad.example")
	cross := crossSign(t, f, rootCert(t, other), fabric.CrossSignOptions{TrustDomain: "abroad.example"}).Cross
	copied := copyOf(t, f, c)
	remove(t, copied, recordFile(t, cross))
	e := catest.Must(other.Exchange(t.Context()))(t)
	e.Certificates = append(e.Certificates, cross)
	for _, to := range []*fabric.Fabric{f, copied} {
		imported(t, to, e)
		for _, a := range catest.Must(to.CAs(t.Context(), fabric.CAsOptions{}))(t).CAs {
			if a.Cluster != "" && a.Cluster != "west" {
				t.Errorf("%s is of cluster %s", a.Certificate.Subject, a.Cluster)
			}
		}
	}
}

// long is a CRL with that many entries.
func long(t *testing.T, signer *ca.Authority, number int64, entries int) *x509.RevocationList {
	t.Helper()
	o := ca.CRLOptions{Number: big.NewInt(number)}
	for i := range entries {
		o.Revoked = append(o.Revoked, x509.RevocationListEntry{SerialNumber: big.NewInt(int64(i + 1)), RevocationTime: catest.Now()})
	}
	return catest.Must(signer.CRL(o))(t)
}

func TestTheCRLOfOneClusterCannotFillTheSet(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	ensure(t, p.root, fabric.EnsureOptions{}, "west")
	refresh(t, p.root, fabric.RefreshCRLsOptions{})
	p.through(t, "evil")
	exchange(t, p.beside, p.root)
	b := catest.Must(p.beside.Bundle(t.Context(), "evil"))(t)
	signer := catest.Must(ca.Load(b.Key(), b.Chain(), p.Now))(t)
	p.advance(time.Hour)
	for entries, want := range map[int]string{100: "", 1000: "expected at most 16384 of a CA that signs for one cluster"} {
		e := mesh.Exchange{CRLs: []*x509.RevocationList{long(t, signer, p.Now().Unix()+int64(entries), entries)}}
		_, err := p.root.ImportCRLs(t.Context(), e, fabric.ImportCRLsOptions{DryRun: true})
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d entries: got the error %v, want %q", entries, err, want)
		}
	}
}

func TestASetThatIsTooLargeGoesWithoutWhatIsRevoked(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	root := rootOfFabric(t, f)
	h := &catest.Hierarchy{}
	issuing := h.Below(t, root, catest.Key("issuing"), ca.IntermediateOptions{PathLen: 1})
	const room = 1<<20 - 64<<10
	list := long(t, issuing, 7, 33_000)
	if n := len(ca.MarshalCRLs(list)); n > room || n < room*9/10 {
		t.Fatalf("the CRL takes %d bytes, and is to fill most of %d", n, room)
	}
	e := mesh.Exchange{Certificates: issuing.Chain()[:1], CRLs: []*x509.RevocationList{list}}
	imported(t, f, e)
	before := tree(t, f.Dir())
	large := long(t, issuing, 8, 36_000)
	_, err := f.ImportCRLs(t.Context(), mesh.Exchange{CRLs: []*x509.RevocationList{large}}, fabric.ImportCRLsOptions{})
	if err == nil || !strings.Contains(err.Error(), "and a Secret has room for 983040") {
		t.Errorf("got the error %v, want that there is no room", err)
	}
	unchanged(t, f.Dir(), before)

	revoked := ca.CRLOptions{Number: big.NewInt(newClock().Now().Unix() + 1), Revoked: []x509.RevocationListEntry{{SerialNumber: issuing.Certificate().SerialNumber, RevocationTime: catest.Now()}}}
	both := mesh.Exchange{CRLs: []*x509.RevocationList{large, catest.Must(root.CRL(revoked))(t)}}
	done := imported(t, f, both)
	if names := crlNames(t, f, "east"); len(names) != 2 || !done.Written {
		t.Errorf("written %t, the set has CRLs of %v, want those of root and east", done.Written, names)
	}
}

// rootOfFabric is the CA of a fabric that publishes CRLs.
func rootOfFabric(t *testing.T, f *fabric.Fabric) *ca.Authority {
	t.Helper()
	ensure(t, f, fabric.EnsureOptions{}, "east")
	refresh(t, f, fabric.RefreshCRLsOptions{})
	return rootAuthority(t, f)
}

func TestAnImportSaysWhatItRevokesAndWhereThatIsNotWritten(t *testing.T) {
	t.Parallel()
	c := newClock()
	f, h, issuing := threeLevels(t, c, "west", "north")
	beside := open(t, c)
	installed(t, beside, answered(t, f, beside, "east"))
	exchange(t, beside, f)
	third := open(t, c)
	answered(t, f, third, "south") // signed, and never installed: its CRL is missing
	done := imported(t, f, rootCRL(t, h, 2, issuing.Certificate()))
	want := []mesh.RevokedCA{{Certificate: catest.Must(f.Status(t.Context()))(t).Issuing.Certificate, Role: mesh.RoleIssuing}}
	if diff := cmp.Diff(want, done.Revoked); diff != "" || done.Written || len(done.Missing) != 1 {
		t.Errorf("written %t, missing %v, revoked (-want +got):\n%s", done.Written, done.Missing, diff)
	}
	// Beside the cluster the same CA stands above the intermediate there.
	if done = imported(t, beside, rootCRL(t, h, 2, issuing.Certificate())); len(done.Revoked) != 1 || done.Revoked[0].Role != mesh.RoleIssuing || !done.Written {
		t.Errorf("beside the cluster: written %t, revoked %+v", done.Written, done.Revoked)
	}
	if again := imported(t, beside, rootCRL(t, h, 3, issuing.Certificate())); again.Revoked != nil {
		t.Errorf("the next time revoked is %+v", again.Revoked)
	}
}

func TestWhatAnotherProgramRevokedIsMergedAsItIs(t *testing.T) {
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
	if got := importActions(imported(t, f, e))["root"]; got != mesh.CRLMerged {
		t.Errorf("the CRL was %s, want %s", got, mesh.CRLMerged)
	}
	if got := entries(catest.Must(f.Bundle(t.Context(), "west"))(t).CRLs()); len(got) != 2 {
		t.Errorf("revoked are %v, want two", got)
	}
}

func TestASetIsInTheSameOrderWhoeverWritesIt(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	ensure(t, p.root, fabric.EnsureOptions{}, "a", "west", "b", "z")
	refresh(t, p.root, fabric.RefreshCRLsOptions{})
	p.through(t, "east")
	exchange(t, p.beside, p.root)
	set := catest.Must(p.root.CRLs(t.Context(), fabric.CRLsOptions{}))(t)
	for name, f := range map[string]*fabric.Fabric{"installed": p.beside, "imported": p.root} {
		got := catest.Must(f.CRLs(t.Context(), fabric.CRLsOptions{}))(t)
		cluster := map[string]string{"installed": "east", "imported": "west"}[name]
		if diff := cmp.Diff(string(ca.MarshalCRLs(set.CRLs...)), string(ca.MarshalCRLs(got.CRLs...))); diff != "" {
			t.Errorf("%s: the set (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(string(ca.MarshalCRLs(got.CRLs...)), string(readFile(t, f, "clusters/"+cluster+"/ca-crl.pem"))); diff != "" {
			t.Errorf("%s: what is written (-want +got):\n%s", name, diff)
		}
	}
}

func TestNothingIsSignedOrInstalledBelowARevokedCA(t *testing.T) {
	t.Parallel()
	c := newClock()
	f, h, issuing := threeLevels(t, c, "west")
	beside := open(t, c)
	installed(t, beside, answered(t, f, beside, "east"))
	late := answered(t, f, beside, "north")
	csr := requested(t, beside, "south")
	for _, to := range []*fabric.Fabric{f, beside} {
		imported(t, to, rootCRL(t, h, 2, issuing.Certificate()))
	}
	before := tree(t, beside.Dir())
	revoked := isA[*mesh.RevokedError]()
	if _, err := f.Sign(t.Context(), csr, fabric.SignOptions{Cluster: "south"}); !revoked(err) {
		t.Errorf("sign: got the error %v, want a RevokedError", err)
	}
	if _, err := beside.Install(t.Context(), late, fabric.InstallOptions{}); !revoked(err) {
		t.Errorf("install: got the error %v, want a RevokedError", err)
	}
	unchanged(t, beside.Dir(), before)
}

func TestWhatWasDecidedBeforeTheAnswerCameHolds(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	ensure(t, p.root, fabric.EnsureOptions{}, "west")
	answer := p.signed(t, requested(t, p.root, "east"), "east").Response
	revoke(t, p.root, fabric.RevokeOptions{Incomplete: true}, "east")
	catest.Must(p.root.Install(t.Context(), answer, fabric.InstallOptions{Incomplete: true}))(t)
	if got := statuses(t, p.root); got[subject(t, p.root, "east")] != string(mesh.LifecyclePending) {
		t.Errorf("the statuses are %v, want that of east pending", got)
	}
	catest.Must(p.root.CRLs(t.Context(), fabric.CRLsOptions{}))(t) // that of east was written down
}

func TestAnAnswerThatIsSignedAgainBringsTheNewestCRLs(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	ensure(t, p.root, fabric.EnsureOptions{}, "west", "north")
	refresh(t, p.root, fabric.RefreshCRLsOptions{})
	west := peerOf(t, p.root, p.clock, "west")
	csr := requested(t, p.beside, "east")
	installed(t, p.beside, p.signed(t, csr, "east").Response)
	exchange(t, p.beside, p.root)
	p.advance(time.Hour)
	revoke(t, p.root, fabric.RevokeOptions{Now: true}, "west")
	got := installed(t, p.beside, p.signed(t, csr, "east").Response)
	if got.Action != fabric.Kept || len(got.Revoked) != 1 {
		t.Errorf("installed is %+v", got)
	}
	wantRefused(t, "east", peerOf(t, p.beside, p.clock, "east"), west, p.Now(), errRevoked)
}

// A CA that was revoked before anybody else heard of it is told with its revocation, so that a
// copy which does not know of it cannot take that back.
func TestWhatWasNeverInUseStaysRevokedElsewhere(t *testing.T) {
	t.Parallel()
	p := newPlaces(t, fabric.RootOptions{})
	lost := orphan(t, p)
	behind := copyOf(t, p.root, p.clock)
	revokeCertificate(t, p.root, lost.Subject, fabric.RevokeCertificatesOptions{})
	exchange(t, p.root, p.beside)
	p.advance(time.Hour)
	next := fabric.RefreshCRLsOptions{NextUpdate: p.Now().Add(time.Hour), Incomplete: true}
	catest.Must(behind.RefreshCRLs(t.Context(), next))(t)
	_, err := p.beside.ImportCRLs(t.Context(), catest.Must(behind.Exchange(t.Context()))(t), fabric.ImportCRLsOptions{})
	if err == nil || !strings.Contains(err.Error(), "revokes "+lost.Subject) {
		t.Errorf("got the error %v, want that the revocation of %s is taken back", err, lost.Subject)
	}
}

// A CA forgets what has expired. Of what is not known here nobody can tell.
func TestItIsToldThatACRLForgets(t *testing.T) {
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
