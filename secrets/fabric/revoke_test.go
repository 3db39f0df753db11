package fabric_test

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
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

func peerOf(t *testing.T, f *fabric.Fabric, c *clock, cluster string) peer {
	t.Helper()
	return newPeer(t, catest.Must(f.Bundle(t.Context(), cluster))(t), fabric.DefaultTrustDomain, c.Now)
}

func revoke(t *testing.T, f *fabric.Fabric, o fabric.RevokeOptions, clusters ...string) fabric.RevokeResult {
	t.Helper()
	return catest.Must(f.Revoke(t.Context(), clusters, o))(t)
}

func finish(t *testing.T, f *fabric.Fabric, clusters ...string) fabric.RevokeResult {
	t.Helper()
	return catest.Must(f.FinishRevocation(t.Context(), clusters, fabric.FinishRevocationOptions{}))(t)
}

// status is the lifecycle of a CA that is not valid, and the role of any other one.
func status(a mesh.Status) string {
	if a.Lifecycle != mesh.LifecycleValid {
		return string(a.Lifecycle)
	}
	return string(a.Role)
}

// statuses are those of the CAs by their names.
func statuses(t *testing.T, f *fabric.Fabric) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, a := range catest.Must(f.CAs(t.Context(), fabric.CAsOptions{}))(t).CAs {
		all[a.Certificate.Subject] = status(a)
	}
	return all
}

func subjects(certs []mesh.Summary) []string {
	var names []string
	for _, c := range certs {
		names = append(names, c.Subject)
	}
	return names
}

// entries are the reasons in CRLs, by the serial numbers that they revoke.
func entries(lists []*x509.RevocationList) map[string]int {
	all := make(map[string]int)
	for _, list := range lists {
		for _, e := range list.RevokedCertificateEntries {
			all[e.SerialNumber.String()] = e.ReasonCode
		}
	}
	return all
}

// requireEntries expects that the CRLs of a peer revoke some peers and no others.
func requireEntries(t *testing.T, p peer, reason mesh.Reason, at time.Time, revoked ...peer) {
	t.Helper()
	want, got := make(map[string]mesh.Revocation), make(map[string]mesh.Revocation)
	for _, other := range revoked {
		want[other.serial()] = mesh.Revocation{Reason: reason, At: at}
	}
	for _, list := range p.crls {
		for _, e := range list.RevokedCertificateEntries {
			got[e.SerialNumber.String()] = mesh.Revocation{Reason: mesh.Reason(e.ReasonCode), At: e.RevocationTime}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
}

func TestRevoke_TwoStepsCauseNoOutage(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	catest.Must(f.RefreshCRLs(t.Context(), fabric.RefreshCRLsOptions{}))(t)
	oldEast, oldWest := peerOf(t, f, c, "east"), peerOf(t, f, c, "west")

	c.advance(time.Hour)
	got := revoke(t, f, fabric.RevokeOptions{Reason: new(mesh.ReasonKeyCompromise), At: c.Now().Add(-day)}, "east")
	old, fresh := oldEast.chain[1].Subject.CommonName, subject(t, f, "east")
	if east := got.Clusters[0]; old == fresh || east.Successor.Subject != fresh || !east.Local || len(east.Revoked) > 0 {
		t.Errorf("revoked is %+v", east)
	}
	if diff := cmp.Diff([]string{old}, subjects(got.Clusters[0].Pending)); diff != "" {
		t.Errorf("pending (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"west"}, got.Others); diff != "" {
		t.Errorf("others (-want +got):\n%s", diff)
	}
	east, west := peerOf(t, f, c, "east"), peerOf(t, f, c, "west")
	requireAccepted(t, "west, with the new bundle, of old east", west, oldEast, c.Now())
	requireAccepted(t, "west, with the new bundle, of new east", west, east, c.Now())
	requireAccepted(t, "new east, of west", east, west, c.Now())
	requireRefused(t, "west, with the old bundle, of new east", oldWest, east, c.Now(), errNoCRL)

	c.advance(20 * time.Hour)
	done := finish(t, f, "east")
	if diff := cmp.Diff([]string{old}, subjects(done.Clusters[0].Revoked)); diff != "" || len(done.Clusters[0].Pending) > 0 {
		t.Errorf("revoked (-want +got):\n%s", diff)
	}
	east, west = peerOf(t, f, c, "east"), peerOf(t, f, c, "west")
	requireRefused(t, "west of old east", west, oldEast, c.Now(), errRevoked)
	requireRefused(t, "east of old east", east, oldEast, c.Now(), errRevoked)
	requireAccepted(t, "west of new east", west, east, c.Now())
	requireAccepted(t, "east of west", east, west, c.Now())
	requireEntries(t, west, mesh.ReasonKeyCompromise, catest.Now().Add(time.Hour-day), oldEast)
}

func TestRevoke_PendingRevocationIsNotBegunAgain(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east")
	first := revoke(t, f, fabric.RevokeOptions{}, "east")
	before := tree(t, f.Dir())
	again := revoke(t, f, fabric.RevokeOptions{}, "east")
	if again.Clusters[0].Successor != nil || again.First {
		t.Errorf("again: %+v", again)
	}
	if diff := cmp.Diff(first.Clusters[0].Pending, again.Clusters[0].Pending); diff != "" {
		t.Errorf("pending (-first +again):\n%s", diff)
	}
	unchanged(t, f.Dir(), before)
}

// A reason or time that is given replaces that of a pending revocation.
func TestRevoke_ChangesReasonAndTimeOfPending(t *testing.T) {
	t.Parallel()
	now := catest.Now()
	first := fabric.RevokeOptions{Reason: new(mesh.ReasonSuperseded), At: now.Add(-2 * day)}
	tests := map[string]struct {
		again, last fabric.RevokeOptions
		reason      mesh.Reason
		at          time.Time
	}{
		"nothing is given": {
			fabric.RevokeOptions{}, fabric.RevokeOptions{Now: true}, mesh.ReasonSuperseded, first.At,
		},
		"a reason, when it is revoked at once": {
			fabric.RevokeOptions{}, fabric.RevokeOptions{Now: true, Reason: new(mesh.ReasonKeyCompromise)}, mesh.ReasonKeyCompromise, first.At,
		},
		"a reason, while it waits": {
			fabric.RevokeOptions{Reason: new(mesh.ReasonKeyCompromise)}, fabric.RevokeOptions{Now: true}, mesh.ReasonKeyCompromise, first.At,
		},
		"the reason unspecified": {
			fabric.RevokeOptions{Reason: new(mesh.ReasonUnspecified)}, fabric.RevokeOptions{Now: true}, mesh.ReasonUnspecified, first.At,
		},
		"a time, and later a reason": {
			fabric.RevokeOptions{At: now.Add(-3 * day)}, fabric.RevokeOptions{Now: true, Reason: new(mesh.ReasonCACompromise)}, mesh.ReasonCACompromise, now.Add(-3 * day),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			f := open(t, c)
			ensure(t, f, fabric.EnsureOptions{}, "east")
			old := peerOf(t, f, c, "east")
			revoke(t, f, first, "east")
			revoke(t, f, test.again, "east")
			revoke(t, f, test.last, "east")
			requireEntries(t, peerOf(t, f, c, "east"), test.reason, test.at, old)
		})
	}
}

func TestRevoke_NowRevokesPendingWithoutAnotherSuccessor(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east")
	pending := subjects(revoke(t, f, fabric.RevokeOptions{}, "east").Clusters[0].Pending)
	successor := subject(t, f, "east")
	got := revoke(t, f, fabric.RevokeOptions{Now: true}, "east").Clusters[0]
	if diff := cmp.Diff(pending, subjects(got.Revoked)); diff != "" || got.Successor != nil || subject(t, f, "east") != successor {
		t.Errorf("revoked (-want +got):\n%s, successor %v", diff, got.Successor)
	}
}

func TestRevoke_ReplacesAnExpiredSuccessor(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east")
	revoke(t, f, fabric.RevokeOptions{NotAfter: c.Now().Add(time.Hour)}, "east")
	c.advance(2 * time.Hour)
	if got := revoke(t, f, fabric.RevokeOptions{}, "east").Clusters[0]; got.Successor == nil || len(got.Pending) != 1 {
		t.Errorf("revoked is %+v", got)
	}
	finish(t, f, "east")
}

func TestRevoke_RevokesEveryIntermediateOfACluster(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	want := []string{}
	short := fabric.EnsureOptions{NotAfter: c.Now().Add(time.Hour), Renew: true}
	ensure(t, f, short, "east") // has ended when it comes to that
	for range 3 {
		c.advance(time.Hour)
		ensure(t, f, fabric.EnsureOptions{Renew: true}, "east")
		want = append([]string{subject(t, f, "east")}, want...)
	}
	ensure(t, f, fabric.EnsureOptions{}, "west")
	c.advance(time.Hour)
	got := revoke(t, f, fabric.RevokeOptions{Now: true, Reason: new(mesh.ReasonCACompromise)}, "east")
	if diff := cmp.Diff(want, subjects(got.Clusters[0].Revoked)); diff != "" {
		t.Errorf("revoked (-want +got):\n%s", diff)
	}
	if got := len(entries(peerOf(t, f, c, "west").crls)); got != 3 {
		t.Errorf("%d entries, want 3", got)
	}
	requireAccepted(t, "west of the successor", peerOf(t, f, c, "west"), peerOf(t, f, c, "east"), c.Now())
}

func TestRevoke_SeveralClustersInOneCRL(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west", "north")
	old := []peer{peerOf(t, f, c, "east"), peerOf(t, f, c, "west")}
	revoke(t, f, fabric.RevokeOptions{}, "east", "west")
	got := finish(t, f, "west", "east")
	if got.Clusters[0].Cluster != "west" || len(got.Clusters) != 2 {
		t.Errorf("clusters are %+v", got.Clusters)
	}
	for _, p := range old {
		requireRefused(t, "north", peerOf(t, f, c, "north"), p, c.Now(), errRevoked)
	}
}

func TestFinishRevocation_AcceptsAClusterOncePerPendingIntermediate(t *testing.T) {
	t.Parallel()
	for name, collect := range map[string]func(*testing.T, *fabric.Fabric) []string{
		"from CAs": func(t *testing.T, f *fabric.Fabric) (clusters []string) {
			for _, a := range catest.Must(f.CAs(t.Context(), fabric.CAsOptions{}))(t).CAs {
				if a.Lifecycle == mesh.LifecyclePending {
					clusters = append(clusters, a.Cluster)
				}
			}
			return clusters
		},
		"from Status": func(t *testing.T, f *fabric.Fabric) (clusters []string) {
			for _, c := range catest.Must(f.Status(t.Context()))(t).Clusters {
				for range c.Pending {
					clusters = append(clusters, c.Name)
				}
			}
			return clusters
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			f := open(t, c)
			ensure(t, f, fabric.EnsureOptions{}, "east", "west")
			c.advance(time.Hour)
			ensure(t, f, fabric.EnsureOptions{Renew: true}, "east")
			pending := revoke(t, f, fabric.RevokeOptions{}, "east").Clusters[0].Pending
			clusters := collect(t, f)
			if diff := cmp.Diff([]string{"east", "east"}, clusters); diff != "" || len(pending) != 2 {
				t.Fatalf("pending are %v, clusters (-want +got):\n%s", pending, diff)
			}
			done := finish(t, f, clusters...)
			if len(done.Clusters) != 1 || !cmp.Equal(done.Clusters[0].Revoked, pending) {
				t.Errorf("revoked is %+v", done.Clusters)
			}
		})
	}
}

func TestRevoke_RefusesAndChangesNothing(t *testing.T) {
	t.Parallel()
	now := catest.Now()
	clusterName := isA[*mesh.ClusterNameError]()
	none, successor, incomplete := isA[*mesh.NoIntermediateError](), isA[*mesh.NoSuccessorError](), isA[*mesh.IncompleteError]()
	foreign, mode := isA[*mesh.ForeignIssuerError](), isA[*store.ModeError]()
	nothing := func(*testing.T, *fabric.Fabric) {}
	tests := map[string]struct {
		prepare func(*testing.T, *fabric.Fabric)
		do      func(*testing.T, *fabric.Fabric) error
		as      func(error) bool
		is      error
		want    string
	}{
		"no cluster":                   {nothing, revokes(fabric.RevokeOptions{}), nil, nil, "no cluster is given"},
		"an invalid cluster name":      {nothing, revokes(fabric.RevokeOptions{}, "../east"), clusterName, nil, "../east"},
		"a cluster twice":              {nothing, revokes(fabric.RevokeOptions{}, "east", "east"), clusterName, nil, "given twice"},
		"a cluster that is not known":  {nothing, revokes(fabric.RevokeOptions{}, "east", "north"), none, nil, "cluster north has no intermediate that can be revoked"},
		"the future":                   {nothing, revokes(fabric.RevokeOptions{At: now.Add(time.Second)}, "east"), nil, nil, "2026-01-02T03:04:06Z is in the future"},
		"a reason that is not for CAs": {nothing, revokes(fabric.RevokeOptions{Reason: new(mesh.Reason(6))}, "east"), nil, nil, "reason 6"},
		"nothing is pending":           {nothing, finishes("east"), none, nil, "whose revocation is pending"},
		"nothing is pending for one": {func(t *testing.T, f *fabric.Fabric) { revoke(t, f, fabric.RevokeOptions{}, "east") },
			finishes("east", "west"), none, nil, "cluster west has no intermediate whose"},
		"the key of the root is in another directory": {func(t *testing.T, f *fabric.Fabric) { remove(t, f, "root-key.pem") },
			revokes(fabric.RevokeOptions{}, "east"), nil, fabric.ErrKeyMissing, "root-key.pem"},
		"others can read the key of the root": {func(t *testing.T, f *fabric.Fabric) {
			if err := os.Chmod(f.RootKeyPath(), 0o644); err != nil {
				t.Fatal(err)
			}
		}, revokes(fabric.RevokeOptions{Now: true}, "east"), mode, nil, "root-key.pem"},
		"the cluster would be left without": {func(t *testing.T, f *fabric.Fabric) {
			csr := csrOf(t, catest.Key("north"), nil)
			catest.Must(f.Sign(t.Context(), csr, fabric.SignOptions{Cluster: "north"}))(t)
			revoke(t, f, fabric.RevokeOptions{Incomplete: true}, "north")
		}, finishes("north"), successor, nil, "cluster north"},
		"a CRL is missing": {func(t *testing.T, f *fabric.Fabric) {
			csr := csrOf(t, catest.Key("north"), nil)
			catest.Must(f.Sign(t.Context(), csr, fabric.SignOptions{Cluster: "north"}))(t)
		}, revokes(fabric.RevokeOptions{}, "east"), incomplete, nil, "north 23fd98 has no CRL here"},
		"another CA issued it": {func(t *testing.T, f *fabric.Fabric) {
			catest.Must(f.ImportCRLs(t.Context(), foreignCluster(t, f), fabric.ImportCRLsOptions{}))(t)
			claim(t, f, "foreign")
		}, revokes(fabric.RevokeOptions{}, "foreign"), foreign, nil, "which does not issue here"},
		"an ended context": {nothing, func(t *testing.T, f *fabric.Fabric) error {
			_, err := f.Revoke(canceled(t), []string{"east"}, fabric.RevokeOptions{})
			return err
		}, nil, nil, "context canceled"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := open(t, newClock())
			ensure(t, f, fabric.EnsureOptions{}, "east", "west")
			test.prepare(t, f)
			before := tree(t, f.Dir())
			err := test.do(t, f)
			if err == nil || !strings.Contains(err.Error(), test.want) || test.is != nil && !errors.Is(err, test.is) || test.as != nil && !test.as(err) {
				t.Errorf("got the error %v, want one with %q", err, test.want)
			}
			unchanged(t, f.Dir(), before)
		})
	}
}

func revokes(o fabric.RevokeOptions, clusters ...string) func(*testing.T, *fabric.Fabric) error {
	return func(t *testing.T, f *fabric.Fabric) error {
		_, err := f.Revoke(t.Context(), clusters, o)
		return err
	}
}

func finishes(clusters ...string) func(*testing.T, *fabric.Fabric) error {
	return func(t *testing.T, f *fabric.Fabric) error {
		_, err := f.FinishRevocation(t.Context(), clusters, fabric.FinishRevocationOptions{})
		return err
	}
}

func remove(t *testing.T, f *fabric.Fabric, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(f.Dir(), name)); err != nil {
		t.Fatal(err)
	}
}

func TestRevoke_DryRunChangesNothing(t *testing.T) {
	t.Parallel()
	f := open(t, newClock())
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	before := tree(t, f.Dir())
	got := revoke(t, f, fabric.RevokeOptions{DryRun: true}, "east")
	if len(got.Clusters[0].Pending) != 1 || !got.First {
		t.Errorf("got %+v", got)
	}
	revoke(t, f, fabric.RevokeOptions{DryRun: true, Now: true}, "east")
	unchanged(t, f.Dir(), before)
	revoke(t, f, fabric.RevokeOptions{}, "east")
	before = tree(t, f.Dir())
	catest.Must(f.FinishRevocation(t.Context(), []string{"east"}, fabric.FinishRevocationOptions{DryRun: true}))(t)
	unchanged(t, f.Dir(), before)
}

func TestRevoke_RefusesACAThatCannotSignCRLs(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	mute := catest.Mutate(t, h.Root.Certificate(), h.Root.Certificate(), h.RootKey, catest.Mutation{Cert: func(c *x509.Certificate) {
		c.KeyUsage = x509.KeyUsageCertSign
	}})
	f := open(t, newClock())
	catest.Must(f.Import(t.Context(), fabric.ImportOptions{Root: mute, Key: h.RootKey}))(t)
	ensure(t, f, fabric.EnsureOptions{}, "east")
	before := tree(t, f.Dir())
	for name, do := range map[string]func() error{
		"revoke": func() error { return revokes(fabric.RevokeOptions{Incomplete: true}, "east")(t, f) },
		"refresh": func() error {
			_, err := f.RefreshCRLs(t.Context(), fabric.RefreshCRLsOptions{Incomplete: true})
			return err
		},
	} {
		if err := do(); !errors.Is(err, ca.RuleCRLSign) {
			t.Errorf("%s: got the error %v, want %q", name, err, ca.RuleCRLSign)
		}
		unchanged(t, f.Dir(), before)
	}
}

func TestRevoke_RequestsThePassphraseOnlyToSign(t *testing.T) {
	t.Parallel()
	f, p := openEncrypted(t)
	ensure(t, f, fabric.EnsureOptions{}, "east")
	p.requirePrompted(t, "root-key.pem")
	p.during = func() { catest.Must(f.Status(t.Context()))(t) } // nobody waits for the directory
	revoke(t, f, fabric.RevokeOptions{}, "east")
	p.requirePrompted(t, "root-key.pem")
	revoke(t, f, fabric.RevokeOptions{}, "east")
	catest.Must(f.RefreshCRLs(t.Context(), fabric.RefreshCRLsOptions{}))(t)
	p.requirePrompted(t)
	finish(t, f, "east")
	p.requirePrompted(t, "root-key.pem")
	catest.Must(f.RefreshCRLs(t.Context(), fabric.RefreshCRLsOptions{NextUpdate: catest.Now().Add(day)}))(t)
	p.requirePrompted(t, "root-key.pem")
	p.answer = "wrong"
	ensure(t, f, fabric.EnsureOptions{}, "east")
	before := tree(t, f.Dir())
	if err := revokes(fabric.RevokeOptions{}, "east")(t, f); !errors.Is(err, ca.ErrWrongPassword) {
		t.Errorf("got the error %v, want ErrWrongPassword", err)
	}
	unchanged(t, f.Dir(), before)
}

func TestRevoke_RemoteCluster(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "west")
	p.addCluster(t, "east")
	exchange(t, p.clusterDir, p.rootDir)
	old := peerOf(t, p.clusterDir, p.clock, "east")
	got := revoke(t, p.rootDir, fabric.RevokeOptions{}, "east")
	if got.Clusters[0].Local || got.Clusters[0].Successor != nil || len(got.Clusters[0].Pending) != 1 {
		t.Errorf("revoked is %+v", got.Clusters[0])
	}

	p.advance(time.Hour)
	install(t, p.clusterDir, p.sign(t, request(t, p.clusterDir, "east"), "east").Response)
	if err := finishes("east")(t, p.rootDir); err == nil || !strings.Contains(err.Error(), "has no CRL here") {
		t.Errorf("got the error %v, want one about the missing CRL", err)
	}
	exchange(t, p.clusterDir, p.rootDir)
	finish(t, p.rootDir, "east")
	exchange(t, p.rootDir, p.clusterDir)
	east, west := peerOf(t, p.clusterDir, p.clock, "east"), peerOf(t, p.rootDir, p.clock, "west")
	requireRefused(t, "west of old east", west, old, p.Now(), errRevoked)
	requireRefused(t, "east of old east", east, old, p.Now(), errRevoked)
	requireAccepted(t, "west of east", west, east, p.Now())
	requireAccepted(t, "east of west", east, west, p.Now())
}

func TestRevoke_ReportsRemoteClustersThatAreCutOff(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "west", "north")
	p.addCluster(t, "east")
	exchange(t, p.clusterDir, p.rootDir)
	retire(t, p.rootDir, "north", fabric.RetireOptions{})
	got := revoke(t, p.rootDir, fabric.RevokeOptions{Now: true}, "east", "west", "north")
	without := make(map[string]bool)
	for _, c := range got.Clusters {
		without[c.Cluster] = c.CutOff
	}
	if diff := cmp.Diff(map[string]bool{"east": true, "west": false, "north": false}, without); diff != "" {
		t.Errorf("without an intermediate (-want +got):\n%s", diff)
	}
}

// A missing CRL of a stolen intermediate does not prevent its revocation.
func TestRevoke_NeedsNoCRLOfARevokedCA(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "west")
	catest.Must(f.Sign(t.Context(), csrOf(t, catest.Key("north"), nil), fabric.SignOptions{Cluster: "north"}))(t)
	got := revoke(t, f, fabric.RevokeOptions{Now: true}, "north")
	if len(got.Missing) > 0 || len(got.Clusters[0].Revoked) != 1 {
		t.Errorf("got %+v", got)
	}
	states := make(map[string]mesh.CRLState)
	for _, a := range catest.Must(f.CAs(t.Context(), fabric.CAsOptions{}))(t).CAs {
		states[a.Cluster] = a.CRLState
	}
	if diff := cmp.Diff(map[string]mesh.CRLState{"": mesh.CRLValid, "west": mesh.CRLValid, "north": mesh.CRLNotNeeded}, states); diff != "" {
		t.Errorf("CRLs by cluster (-want +got):\n%s", diff)
	}
}

// exchange imports the CAs and CRLs of one directory into another one, by way of a file.
func exchange(t *testing.T, from, to *fabric.Fabric) fabric.ImportCRLsResult {
	t.Helper()
	e := catest.Must(mesh.ParseExchange(catest.Must(from.Exchange(t.Context()))(t).Marshal()))(t)
	return catest.Must(to.ImportCRLs(t.Context(), e, fabric.ImportCRLsOptions{}))(t)
}
