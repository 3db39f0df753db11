package fabric_test

import (
	"errors"
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

func revokeCertificate(t *testing.T, f *fabric.Fabric, name string, o fabric.RevokeCertificatesOptions) fabric.RevokeResult {
	t.Helper()
	return catest.Must(f.RevokeCertificates(t.Context(), []string{name}, o))(t)
}

// orphan is an intermediate of east that was signed and that nobody can install, because a new
// request replaced its own. The intermediate of the new request is installed.
func orphan(t *testing.T, p *directories) mesh.Summary {
	t.Helper()
	lost := p.sign(t, request(t, p.clusterDir, "east"), "east")
	p.advance(time.Hour)
	again := catest.Must(p.clusterDir.Request(t.Context(), "east", fabric.RequestOptions{New: true}))(t)
	install(t, p.clusterDir, p.sign(t, again.CSR, "east").Response)
	exchange(t, p.clusterDir, p.rootDir)
	return *lost.Certificate
}

func TestRevokeCertificates_OrphanNoLongerMissesItsCRL(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "west")
	lost := orphan(t, p)
	_, err := p.rootDir.RefreshCRLs(t.Context(), fabric.RefreshCRLsOptions{})
	if incomplete := new(mesh.IncompleteError); !errors.As(err, &incomplete) || incomplete.Missing[0].Subject != lost.Subject {
		t.Fatalf("got the error %v, want that the CRL of %s is missing", err, lost.Subject)
	}
	got := revokeCertificate(t, p.rootDir, lost.Subject, fabric.RevokeCertificatesOptions{Reason: new(mesh.ReasonSuperseded)})
	want := fabric.RevokeResult{
		Clusters:    []fabric.RevokedCluster{{Cluster: "east", Revoked: []mesh.Summary{lost}}},
		Publication: mesh.Publication{Publishes: true, First: true, Others: []string{"west"}, Remote: []string{"east"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("revoked (-want +got):\n%s", diff)
	}
	exchange(t, p.rootDir, p.clusterDir)
	west, east := peerOf(t, p.rootDir, p.clock, "west"), peerOf(t, p.clusterDir, p.clock, "east")
	requireAccepted(t, "west of east", west, east, p.Now())
	requireAccepted(t, "east of west", east, west, p.Now())
	if statuses(t, p.rootDir)[lost.Subject] != string(mesh.LifecycleRevoked) || !slices.Contains(reasons(west), int(mesh.ReasonSuperseded)) {
		t.Errorf("%s is %s, and the reasons are %v", lost.Subject, statuses(t, p.rootDir)[lost.Subject], reasons(west))
	}
}

// reasons are those of all certificates that the CRLs of a peer revoke.
func reasons(p peer) []int {
	var all []int
	for _, reason := range entries(p.crls) {
		all = append(all, reason)
	}
	return all
}

func TestRevokeCertificates_CrossCertificate(t *testing.T) {
	t.Parallel()
	c := newClock()
	f, other := open(t, c), otherMesh(t, c, "other.example")
	ensure(t, f, fabric.EnsureOptions{}, "east")
	cross := crossSign(t, f, rootCert(t, other), fabric.CrossSignOptions{TrustDomain: "other.example"})
	exchange(t, other, f)
	foreign := newPeer(t, catest.Must(other.Bundle(t.Context(), "foreign"))(t), "other.example", c.Now)
	foreign.chain = append(foreign.chain, cross.Cross)
	refresh(t, f, fabric.RefreshCRLsOptions{})
	requireAccepted(t, "east of the other mesh", peerOf(t, f, c, "east"), foreign, c.Now())
	got := revokeCertificate(t, f, strings.ToUpper(cross.Certificate.Fingerprint), fabric.RevokeCertificatesOptions{At: c.Now().Add(-day)})
	want := []fabric.RevokedCluster{{Revoked: []mesh.Summary{cross.Certificate}}}
	if diff := cmp.Diff(want, got.Clusters); diff != "" {
		t.Errorf("revoked (-want +got):\n%s", diff)
	}
	requireRefused(t, "east of the other mesh", peerOf(t, f, c, "east"), foreign, c.Now(), errRevoked)
}

// A key can have several cross-certificates. Each of them makes the other root trusted.
func TestRevokeCertificates_AllCertificatesOfAKey(t *testing.T) {
	t.Parallel()
	c := newClock()
	f, other := open(t, c), otherMesh(t, c, "other.example")
	ensure(t, f, fabric.EnsureOptions{}, "east")
	o := fabric.CrossSignOptions{TrustDomain: "other.example"}
	long := crossSign(t, f, rootCert(t, other), o)
	o.NotAfter = c.Now().Add(year)
	short := crossSign(t, f, rootCert(t, other), o)
	exchange(t, other, f)
	revokeCertificate(t, f, short.Certificate.Fingerprint, fabric.RevokeCertificatesOptions{})
	o.NotAfter = c.Now().Add(year + day)
	crosses := []fabric.CrossSignResult{long, short, crossSign(t, f, rootCert(t, other), o)}
	revokeCertificate(t, f, short.Certificate.Fingerprint, fabric.RevokeCertificatesOptions{})
	for _, cross := range crosses {
		foreign := newPeer(t, catest.Must(other.Bundle(t.Context(), "foreign"))(t), "other.example", c.Now)
		foreign.chain = append(foreign.chain, cross.Cross)
		requireRefused(t, "east of the other mesh", peerOf(t, f, c, "east"), foreign, c.Now(), errRevoked)
	}
}

func TestRevokeCertificates_SupersededIntermediateAlone(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	old, name := peerOf(t, f, c, "east"), subject(t, f, "east")
	c.advance(time.Hour)
	ensure(t, f, fabric.EnsureOptions{Renew: true}, "east")
	before := tree(t, f.Dir())
	revokeCertificate(t, f, name, fabric.RevokeCertificatesOptions{DryRun: true})
	unchanged(t, f.Dir(), before)
	revokeCertificate(t, f, name, fabric.RevokeCertificatesOptions{})
	west := peerOf(t, f, c, "west")
	requireRefused(t, "west of old east", west, old, c.Now(), errRevoked)
	requireAccepted(t, "west of east", west, peerOf(t, f, c, "east"), c.Now())
}

func TestRevokeCertificates_OnePendingIntermediateAlone(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	c.advance(time.Hour)
	ensure(t, f, fabric.EnsureOptions{Renew: true}, "east")
	pending := revoke(t, f, fabric.RevokeOptions{Reason: new(mesh.ReasonKeyCompromise)}, "east").Clusters[0].Pending
	revokeCertificate(t, f, pending[0].Subject, fabric.RevokeCertificatesOptions{})
	if got := reasons(peerOf(t, f, c, "west")); !slices.Equal(got, []int{int(mesh.ReasonKeyCompromise)}) {
		t.Errorf("the reasons are %v, want what was decided before", got)
	}
	if diff := cmp.Diff(pending[1:], finish(t, f, "east").Clusters[0].Revoked); diff != "" {
		t.Errorf("revoked (-want +got):\n%s", diff)
	}
}

func TestRevokeCertificates_OnlyIntermediateOfARetiredCluster(t *testing.T) {
	t.Parallel()
	c := newClock()
	f := open(t, c)
	ensure(t, f, fabric.EnsureOptions{}, "east", "west")
	east, name := peerOf(t, f, c, "east"), subject(t, f, "east")
	retire(t, f, "east", fabric.RetireOptions{})
	revokeCertificate(t, f, name, fabric.RevokeCertificatesOptions{})
	requireRefused(t, "west of east", peerOf(t, f, c, "west"), east, c.Now(), errRevoked)
}

func TestRevokeCertificates_RefusesAndChangesNothing(t *testing.T) {
	t.Parallel()
	unclear, above := isA[*mesh.NoCertificateError](), isA[*mesh.AboveError]()
	foreign, successor := isA[*mesh.ForeignIssuerError](), isA[*mesh.NoSuccessorError]()
	rootOf := func(t *testing.T, f *fabric.Fabric) string { return ca.Describe(rootCert(t, f)) }
	current := func(t *testing.T, f *fabric.Fabric) string { return subject(t, f, "east") }
	named := func(name string) func(*testing.T, *fabric.Fabric) string {
		return func(*testing.T, *fabric.Fabric) string { return name }
	}
	tests := map[string]struct {
		name    func(*testing.T, *fabric.Fabric) string
		options fabric.RevokeCertificatesOptions
		as      func(error) bool
		want    string
	}{
		"no name":                                {named(""), fabric.RevokeCertificatesOptions{}, unclear, "; west "},
		"an unknown name":                        {named("north"), fabric.RevokeCertificatesOptions{}, unclear, "east "},
		"the start of a name":                    {named("we"), fabric.RevokeCertificatesOptions{}, unclear, `"we" is not the subject or SHA-256 of exactly one CA that can be revoked: west `},
		"the root":                               {rootOf, fabric.RevokeCertificatesOptions{}, above, "every cluster is below root "},
		"the only one of a cluster":              {current, fabric.RevokeCertificatesOptions{}, successor, "cluster east would have no usable intermediate"},
		"the only one but for one superseded":    {renewed, fabric.RevokeCertificatesOptions{}, successor, "cluster east"},
		"the only one but for one not installed": {signedNotInstalled, fabric.RevokeCertificatesOptions{}, successor, "cluster east"},
		"one that another CA issued":             {discovered, fabric.RevokeCertificatesOptions{}, foreign, "which does not issue here"},
		"one that is revoked": {func(t *testing.T, f *fabric.Fabric) string {
			name := subject(t, f, "east")
			revoke(t, f, fabric.RevokeOptions{Now: true}, "east")
			return name
		}, fabric.RevokeCertificatesOptions{}, unclear, "east "},
		"the future":                   {current, fabric.RevokeCertificatesOptions{At: catest.Now().Add(day)}, nil, "is in the future"},
		"a reason that is not for CAs": {current, fabric.RevokeCertificatesOptions{Reason: new(mesh.Reason(6))}, nil, "reason 6"},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := open(t, newClock())
			ensure(t, f, fabric.EnsureOptions{}, "east", "west")
			name := test.name(t, f)
			before := tree(t, f.Dir())
			_, err := f.RevokeCertificates(t.Context(), []string{name}, test.options)
			if err == nil || !strings.Contains(err.Error(), test.want) || test.as != nil && !test.as(err) {
				t.Errorf("got the error %v, want one with %q", err, test.want)
			}
			unchanged(t, f.Dir(), before)
		})
	}
}

// renewed renews east.
func renewed(t *testing.T, f *fabric.Fabric) string {
	t.Helper()
	ensure(t, f, fabric.EnsureOptions{Renew: true}, "east")
	return subject(t, f, "east")
}

// signedNotInstalled signs another intermediate of east, which nobody installs.
func signedNotInstalled(t *testing.T, f *fabric.Fabric) string {
	t.Helper()
	catest.Must(f.Sign(t.Context(), csrOf(t, catest.Key("orphan"), nil), fabric.SignOptions{Cluster: "east"}))(t)
	return subject(t, f, "east")
}

// discovered imports a CA that the CA which issues here did not issue.
func discovered(t *testing.T, f *fabric.Fabric) string {
	t.Helper()
	e := foreignCluster(t, f)
	catest.Must(f.ImportCRLs(t.Context(), e, fabric.ImportCRLsOptions{}))(t)
	return ca.Describe(e.Certificates[0])
}

// The local CA bundle is not in use any more: the key of the cluster moved to another directory.
func TestRevokeCertificates_CurrentIntermediateIfTheClusterHasAnotherOne(t *testing.T) {
	t.Parallel()
	p := newDirectories(t, fabric.RootOptions{})
	ensure(t, p.rootDir, fabric.EnsureOptions{}, "east")
	left := subject(t, p.rootDir, "east")
	p.advance(time.Hour)
	p.addCluster(t, "east")
	exchange(t, p.clusterDir, p.rootDir)
	if got := revokeCertificate(t, p.rootDir, left, fabric.RevokeCertificatesOptions{}); len(got.Clusters[0].Revoked) != 1 {
		t.Errorf("revoked is %+v", got.Clusters[0])
	}
}

func TestRevokeCertificates_RefusesCAsAboveTheClusters(t *testing.T) {
	t.Parallel()
	f, c := open(t, newClock()), newCorporate(t)
	catest.Must(f.Import(t.Context(), c.options()))(t)
	ensure(t, f, fabric.EnsureOptions{}, "east")
	for _, cert := range c.issuing.Chain() {
		_, err := f.RevokeCertificates(t.Context(), []string{ca.Describe(cert)}, fabric.RevokeCertificatesOptions{})
		if above := new(mesh.AboveError); !errors.As(err, &above) || above.Certificate.Subject != ca.Describe(cert) {
			t.Errorf("got the error %v, want that %s is above", err, ca.Describe(cert))
		}
	}
}
