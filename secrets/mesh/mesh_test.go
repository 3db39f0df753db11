package mesh_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/mesh"
)

func TestNew_DiscoversCAsWithoutARecord(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	c := r.contents(t, nil, nil)
	c.Recorded = nil
	m := newMesh(c)
	type known struct{ Subject, Cluster string }
	var got []known
	for _, a := range m.CAs() {
		got = append(got, known{untagged(a.Certificate()), a.Cluster})
	}
	want := []known{{"root", ""}, {"issuing", ""}, {"east", "east"}, {"east", "east"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CAs (-want +got):\n%s", diff)
	}
	if m.CAs()[2] != m.CA(r.current.cert()) || m.CAs()[3] != m.CA(r.superseded.cert()) {
		t.Error("the newest intermediate of east is not the first")
	}
	if diff := cmp.Diff(subjects(m.CAs()), subjects(m.Changed())); diff != "" {
		t.Errorf("CAs without a record (-want +got):\n%s", diff)
	}
	if m.CA(r.remote.cert()) != nil {
		t.Error("west is known, and is in no bundle")
	}
	if m.Issuer() != m.CA(r.issuing.cert()) || !m.IsIssuer(m.Issuer()) || m.IsIssuer(m.CA(r.root.cert())) || !m.Root.Equal(r.root.cert()) {
		t.Errorf("issuer %s, root %s", ca.Describe(m.Issuer().Certificate()), ca.Describe(m.Root))
	}
}

func TestNew_KeepsRecords(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	m := newMesh(r.contents(t, nil, nil))
	// The cross-certificate is newer than the CA that issues.
	if diff := cmp.Diff([]string{"root", "other", "issuing", "east", "east", "west"}, subjects(m.CAs())); diff != "" {
		t.Errorf("CAs (-want +got):\n%s", diff)
	}
	if changed := m.Changed(); len(changed) > 0 {
		t.Errorf("%q have to be written, and all are recorded", subjects(changed))
	}
	if diff := cmp.Diff([]string{"east", "west"}, m.KnownClusters()); diff != "" {
		t.Errorf("known clusters (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"east"}, m.Clusters()); diff != "" {
		t.Errorf("local clusters (-want +got):\n%s", diff)
	}
}

func TestNew_JoinsTheCertificatesOfAKey(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	expired, older, newer := root.issue(t, "east", "east", 400, ca.IntermediateOptions{}), root.issue(t, "east", "east", 20, ca.IntermediateOptions{}), root.cluster(t, "east")
	m := newMesh(withBundles(contents(root, record(t, "east", nil, expired.cert(), older.cert())), bundleOf("east", newer)))
	a := m.CA(older.cert())
	if diff := cmp.Diff([]*x509.Certificate{newer.cert(), older.cert()}, a.Certificates(), catest.Identical()); diff != "" {
		t.Errorf("certificates, the one that ends last first (-want +got):\n%s", diff)
	}
	if a.Certificate() != a.Certificates()[0] || a.Has(expired.cert()) {
		t.Errorf("the certificate that ends last is %s", a.Certificate().NotAfter)
	}
	ended := newMesh(contents(root, record(t, "east", nil, expired.cert())))
	if a := ended.CA(expired.cert()); a == nil || !a.Ended(ended.Now) || !a.Has(expired.cert()) {
		t.Error("the last certificate of a CA was forgotten when it expired")
	}
}

func TestNew_ReadsDamagedBundles(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	m := newMesh(withBundles(contents(root), mesh.Bundle{Cluster: "east", Path: "clusters/east", Current: true, Damaged: true}))
	if diff := cmp.Diff([]string{"root"}, subjects(m.CAs())); diff != "" {
		t.Errorf("CAs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"east"}, m.KnownClusters()); diff != "" {
		t.Errorf("known clusters (-want +got):\n%s", diff)
	}
}

func TestBundleOf_PrefersTheCurrentBundle(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	m := newMesh(r.contents(t, nil, nil))
	for _, tt := range []struct {
		cert *x509.Certificate
		want string
	}{{r.current.cert(), "clusters/east"}, {r.superseded.cert(), "superseded/clusters/east/1"}, {r.remote.cert(), ""}, {r.issuing.cert(), ""}} {
		got := ""
		if b := m.BundleOf(m.CA(tt.cert)); b != nil {
			got = b.Path
		}
		if got != tt.want {
			t.Errorf("bundle of %s: %q, want %q", ca.Describe(tt.cert), got, tt.want)
		}
	}
}

func TestLoadCA_RefusesWhatIsNoRecord(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	east, west := root.cluster(t, "east"), root.cluster(t, "west")
	renamed := root.issue(t, "east", "north", 10, ca.IntermediateOptions{})
	tests := map[string]struct {
		certs   []*x509.Certificate
		list    *x509.RevocationList
		wantErr string
	}{
		"a certificate":                     {east.chain[:1], nil, ""},
		"a certificate and its CRL":         {east.chain[:1], east.crl(t, 1), ""},
		"a CRL from a clock that was ahead": {east.chain[:1], ahead(t, east), ""},
		"no certificate":                    {nil, nil, "has no certificate"},
		"certificates of two keys":          {[]*x509.Certificate{east.cert(), west.cert()}, nil, "expected those of one key and name"},
		"certificates of two names":         {[]*x509.Certificate{east.cert(), renamed.cert()}, nil, "expected those of one key and name"},
		"the CRL of another CA":             {east.chain[:1], west.crl(t, 1), "crl: the CRL is not signed by this CA"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, err := mesh.LoadCA("east", tt.certs, tt.list, catest.Now())
			if tt.wantErr == "" {
				if err != nil || a.CRL() != tt.list || a.Cluster != "east" {
					t.Errorf("got %+v and the error %v", a, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("error %v, want one with %q", err, tt.wantErr)
			}
		})
	}
}

// ahead is a CRL that a clock ten days ahead signed.
func ahead(t *testing.T, s signer) *x509.RevocationList {
	t.Helper()
	return catest.Must(s.at(t, -10).CRL(ca.CRLOptions{Number: big.NewInt(1)}))(t)
}

func TestID_OfTheCAIsThatOfItsKey(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	a := mesh.NewCA("", r.cross)
	if a.ID() != mesh.KeyID(r.other.cert()) || a.ID() == "" || a.ID() == mesh.KeyID(r.root.cert()) {
		t.Errorf("ID %q of a cross-certificate, %q of the root with its key", a.ID(), mesh.KeyID(r.other.cert()))
	}
}

func TestAccept(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	east, renewed := root.cluster(t, "east"), root.issue(t, "east", "east", 5, ca.IntermediateOptions{})
	renamed := root.issue(t, "east", "north", 5, ca.IntermediateOptions{})
	template := *root.cluster(t, "south").cert()
	template.RawSubject, template.Subject = nil, pkix.Name{CommonName: east.cert().Subject.CommonName, Organization: east.cert().Subject.Organization}
	namesake := catest.Mutate(t, &template, root.cert(), catest.Key("root"), catest.Mutation{})
	tests := map[string]struct {
		cert        *x509.Certificate
		want        []string // all CAs
		wantChanged []string
		wantErr     error
		wantText    string
	}{
		"a new CA":                        {root.cluster(t, "aachen").cert(), []string{"root", "aachen", "east", "west"}, []string{"aachen"}, nil, ""},
		"a certificate that is known":     {east.cert(), []string{"root", "east", "west"}, nil, nil, ""},
		"another certificate of a CA":     {renewed.cert(), []string{"root", "east", "west"}, []string{"east"}, nil, ""},
		"the key of a CA with a new name": {renamed.cert(), nil, nil, nil, "expected its name as well"},
		"the name of a CA with a new key": {namesake, nil, nil, ca.RuleDistinctNames, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			west := root.cluster(t, "west")
			m := newMesh(contents(root, record(t, "", nil, root.cert()), record(t, "east", nil, east.cert()), record(t, "west", nil, west.cert())))
			a, err := m.Accept(untagged(tt.cert), tt.cert)
			if tt.wantErr != nil || tt.wantText != "" {
				if err == nil || tt.wantErr != nil && !errors.Is(err, tt.wantErr) || !strings.Contains(err.Error(), tt.wantText) {
					t.Errorf("error %v, want %v %s", err, tt.wantErr, tt.wantText)
				}
				if changed := m.Changed(); len(changed) > 0 {
					t.Errorf("%q have changed", subjects(changed))
				}
				return
			}
			if err != nil || a != m.CA(tt.cert) || !a.Has(tt.cert) {
				t.Fatalf("got %+v and the error %v", a, err)
			}
			if diff := cmp.Diff(tt.want, subjects(m.CAs())); diff != "" {
				t.Errorf("CAs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.wantChanged, subjects(m.Changed())); diff != "" {
				t.Errorf("changed CAs (-want +got):\n%s", diff)
			}
			m.MarkRecorded()
			if changed := m.Changed(); len(changed) > 0 {
				t.Errorf("%q have changed after MarkRecorded", subjects(changed))
			}
		})
	}
}

func TestPut_ReplacesWhatWasKnownOfAKey(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	east, west := root.cluster(t, "east"), root.cluster(t, "west")
	m := newMesh(contents(root, record(t, "", nil, root.cert()), record(t, "east", nil, east.cert())))
	renewed := record(t, "east", nil, east.cert())
	renewed.SetCRL(east.crl(t, 7))
	m.Put(renewed, record(t, "west", nil, west.cert()))
	if diff := cmp.Diff([]string{"root", "east", "west"}, subjects(m.CAs())); diff != "" {
		t.Errorf("CAs (-want +got):\n%s", diff)
	}
	if list := m.CA(east.cert()).CRL(); list == nil || list.Number.Int64() != 7 {
		t.Errorf("CRL of east: %v", list)
	}
	if changed := m.Changed(); len(changed) > 0 {
		t.Errorf("%q have changed, and were recorded", subjects(changed))
	}
	if got := m.Intermediates("west").Live; len(got) != 1 {
		t.Errorf("live intermediates of west: %q", subjects(got))
	}
}

func TestAssign_MovesACAToACluster(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	east := root.cluster(t, "east")
	m := newMesh(contents(root, record(t, "", nil, root.cert()), record(t, "", nil, east.cert())))
	m.Assign(m.CA(east.cert()), "east")
	m.Assign(m.CA(east.cert()), "east")
	if got := m.Intermediates("east").Live; len(got) != 1 || m.Role(got[0]) != mesh.RoleRemote {
		t.Errorf("live intermediates of east: %q", subjects(got))
	}
	m.Assign(m.CA(east.cert()), "west")
	if got := m.Intermediates("east").Live; len(got) != 0 {
		t.Errorf("live intermediates of east: %q", subjects(got))
	}
	if diff := cmp.Diff([]string{"west"}, m.KnownClusters()); diff != "" {
		t.Errorf("known clusters (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"east"}, subjects(m.Changed())); diff != "" {
		t.Errorf("changed CAs (-want +got):\n%s", diff)
	}
}

func TestAddLocal_MakesRemoteClustersLocal(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	m := newMesh(r.contents(t, nil, nil))
	if !m.IsLocal("east") || m.IsLocal("west") {
		t.Errorf("east is local: %t, west is local: %t", m.IsLocal("east"), m.IsLocal("west"))
	}
	m.AddLocal("west", "east", "aachen")
	if !m.IsLocal("west") {
		t.Error("west is not local")
	}
	if diff := cmp.Diff([]string{"aachen", "east", "west"}, m.Clusters()); diff != "" {
		t.Errorf("local clusters (-want +got):\n%s", diff)
	}
	if got := m.RemoteClusters(); len(got) > 0 {
		t.Errorf("remote clusters %q", got)
	}
}

func TestCheckForeignRoot(t *testing.T) {
	t.Parallel()
	root, other := newRoot(t, "root"), newRoot(t, "other")
	named := func(key, name string) *x509.Certificate {
		a := catest.Must(ca.NewRoot(ca.RootOptions{Key: catest.Key(key), CommonName: name, Organization: "other", Now: catest.Now}))(t)
		return a.Certificate()
	}
	namesake := *other.cert()
	namesake.RawSubject = root.cert().RawSubject
	m := newMesh(contents(root))
	for name, tt := range map[string]struct {
		root *x509.Certificate
		want error
	}{
		"another root":                      {other.cert(), nil},
		"the root of the mesh":              {root.cert(), nil},
		"the key of the root, another name": {named("root", "stolen"), ca.RuleNoDuplicate},
		"the name of the root, another key": {&namesake, ca.RuleDistinctNames},
	} {
		if err := m.CheckForeignRoot(tt.root); !errors.Is(err, tt.want) {
			t.Errorf("%s: error %v, want %v", name, err, tt.want)
		}
	}
	if !m.IsNamed(&namesake) || m.IsNamed(other.cert()) {
		t.Error("IsNamed does not compare subjects")
	}
}

func TestMesh_SeveralGoroutinesRead(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	m := newMesh(r.contents(t, nil, r.issuing.crl(t, 2, r.superseded.cert())))
	m.PublishCRLs = true
	read := func() {
		for _, a := range m.CAs() {
			m.CRLState(a)
			m.IsNamed(a.Certificate())
			m.StateOf([]*x509.Certificate{a.Certificate()})
			m.IsDue(a)
			m.BundleOf(a)
		}
		for _, cluster := range m.KnownClusters() {
			m.Intermediates(cluster).Accepted()
			m.RemoteIntermediate(cluster, nil)
			_ = m.CheckNoRemoteKey(cluster)
			_ = m.CheckNotRetired(cluster)
			_, _ = m.PlanRevocation([]string{cluster}, mesh.SuccessorFirst)
		}
		if err := m.CheckUnrevoked(r.current.chain); err != nil {
			t.Error(err)
		}
		if got := len(m.CRLBundle().CRLs); got != 5 {
			t.Errorf("%d CRLs, want 5", got)
		}
		m.Exchange()
		m.Publication("east")
		m.Verify(nil, mesh.VerifyOptions{})
		_, _ = m.CheckRequestKey("north", "north 123456", catest.Key("north").Public())
		_, _ = m.PlanCertificates([]string{"east"})
	}
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(read)
	}
	readers.Wait()
}
