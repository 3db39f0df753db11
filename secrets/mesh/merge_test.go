package mesh_test

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// without is a HasKey for a place that has no key.
func without(*mesh.CA) (bool, error) { return false, nil }

// keyOf is a HasKey for a place that has the key of one CA.
func keyOf(cert *x509.Certificate) func(*mesh.CA) (bool, error) {
	return func(a *mesh.CA) (bool, error) { return a.Has(cert), nil }
}

func TestMerge_DiscoversCAsInAnyOrder(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	north := r.issuing.issue(t, "north", "corporate north", 10, ca.IntermediateOptions{}) // no name of ours
	all := []*x509.Certificate{r.issuing.cert(), r.current.cert(), r.cross, north.cert()}
	below := r.other.issue(t, "below", "below", 10, ca.IntermediateOptions{}).cert() // by the foreign root
	orders := map[string][]*x509.Certificate{
		"issuers first":          append(slices.Clone(all), below),
		"issuers last":           {below, north.cert(), r.cross, r.current.cert(), r.issuing.cert()},
		"issuers in between":     {r.current.cert(), r.issuing.cert(), below, north.cert(), r.cross},
		"each of them two times": slices.Concat(all, []*x509.Certificate{below}, all),
	}
	for name, certs := range orders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMesh(contents(r.issuing, record(t, "", nil, r.root.cert())))
			m.MarkRecorded()
			g, err := m.Merge(mesh.Exchange{Certificates: certs}, without)
			if err != nil {
				t.Fatal(err)
			}
			clusters := make(map[string]string)
			for _, a := range m.Changed() {
				clusters[ca.Describe(a.Certificate())] = a.Cluster
			}
			want := map[string]string{ca.Describe(r.current.cert()): "east", ca.Describe(r.cross): "", ca.Describe(north.cert()): "", ca.Describe(below): ""}
			if diff := cmp.Diff(want, clusters); diff != "" {
				t.Errorf("clusters of the CAs that were discovered (-want +got):\n%s", diff)
			}
			result := g.Result()
			if len(result.Discovered) != len(want) || len(result.CRLs) > 0 || len(result.Revoked) > 0 || len(g.Resign()) > 0 || g.NeedsIssuer() {
				t.Errorf("merged %+v", result)
			}
		})
	}
}

func TestMerge_AddsCertificatesOfAKnownCA(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	east, renewed := root.issue(t, "east", "east", 30, ca.IntermediateOptions{}), root.cluster(t, "east")
	m := newMesh(contents(root, record(t, "", nil, root.cert()), record(t, "east", nil, east.cert())))
	g := catest.Must(m.Merge(mesh.Exchange{Certificates: []*x509.Certificate{east.cert(), renewed.cert()}}, without))(t)
	if diff := cmp.Diff([]mesh.Summary{mesh.Summarize(renewed.cert())}, g.Result().Discovered); diff != "" {
		t.Errorf("discovered (-want +got):\n%s", diff)
	}
	if a := m.CA(east.cert()); len(a.Certificates()) != 2 || a.Certificate() != renewed.cert() {
		t.Errorf("certificates: %d", len(a.Certificates()))
	}
}

func TestMerge_RefusesCertificatesThatItCannotVerify(t *testing.T) {
	t.Parallel()
	root, unknown := newRoot(t, "root"), newRoot(t, "unknown")
	east := root.cluster(t, "east")
	stranger := unknown.cluster(t, "west").cert()
	sameKey := unknown.issue(t, "east", "east", 10, ca.IntermediateOptions{}).cert() // certifies our key
	expired := unknown.issue(t, "old", "old", 400, ca.IntermediateOptions{}).cert()
	renamed := root.issue(t, "east", "north", 10, ca.IntermediateOptions{}).cert()
	leaf := catest.Issue(t, east.at(t, 0), catest.Must(ca.Workload(ca.WorkloadOptions{}))(t), ca.Request{PublicKey: catest.Key("leaf").Public(), DNSNames: []string{"istiod.istio-system.svc"}})
	tests := map[string]struct {
		cert    *x509.Certificate
		wantErr string
	}{
		"one below an unknown root":         {stranger, ca.Describe(stranger) + " does not chain to a known CA"},
		"an unknown root":                   {unknown.cert(), "does not chain to a known CA"},
		"a forged one":                      {catest.BreakSignature(t, root.cluster(t, "west").cert()), "does not chain to a known CA"},
		"a leaf":                            {leaf, "does not chain to a known CA"},
		"the key of a CA with another name": {renamed, "expected its name as well"},
		"one that is known":                 {east.cert(), ""},
		"the root":                          {root.cert(), ""},
		"a known key that an unknown root certifies, too": {sameKey, ""},
		"an expired one, whoever signed it":               {expired, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMesh(contents(root, record(t, "", nil, root.cert()), record(t, "east", nil, east.cert())))
			g, err := m.Merge(mesh.Exchange{Certificates: []*x509.Certificate{tt.cert}}, without)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Errorf("error %v, want one with %q", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := g.Result(); len(got.Discovered) > 0 || len(m.Changed()) > 0 {
				t.Errorf("discovered %+v", got.Discovered)
			}
		})
	}
}

// crlCase is a CRL of the root that meets the one of the mesh. East and west are known, strangers
// are serial numbers of nobody, gone is a CA that has expired.
type crlCase struct {
	here, there         []string // what the CRLs revoke; nil for no CRL here
	hereNo, thereNo     int64
	key                 bool // of the root
	want                mesh.CRLAction
	wantNumber          int64 // of the CRL of the root then
	dropped             int
	resign              []string
	revoked             []string // as of this change
	withdrawn, wantText string   // the CA in a WithdrawnError, or the text of another error
}

func TestMerge_OfTwoCRLsNothingIsWithdrawn(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	certs := map[string]*x509.Certificate{
		"east": root.cluster(t, "east").cert(), "west": root.cluster(t, "west").cert(),
		"stranger": root.cluster(t, "stranger").cert(), "gone": root.issue(t, "gone", "gone", 400, ca.IntermediateOptions{}).cert(),
	}
	none, east, west, both := []string{}, []string{"east"}, []string{"west"}, []string{"east", "west"}
	tests := map[string]crlCase{
		"the first one":              {here: nil, there: east, thereNo: 1, want: mesh.CRLAccepted, wantNumber: 1, revoked: east},
		"a newer one":                {here: none, there: east, hereNo: 1, thereNo: 2, want: mesh.CRLAccepted, wantNumber: 2, revoked: east},
		"a newer one with more":      {here: east, there: both, hereNo: 1, thereNo: 2, want: mesh.CRLAccepted, wantNumber: 2, revoked: west},
		"an older one":               {here: both, there: east, hereNo: 2, thereNo: 1, want: mesh.CRLOlder, wantNumber: 2},
		"a newer one that withdraws": {here: east, there: none, hereNo: 1, thereNo: 2, withdrawn: "east"},
		"an older one, of which the newer one withdraws": {here: none, there: west, hereNo: 2, thereNo: 1, withdrawn: "west"},
		"a newer one that drops unknown certificates":    {here: []string{"stranger", "gone"}, there: none, hereNo: 1, thereNo: 2, want: mesh.CRLAccepted, wantNumber: 2, dropped: 2},
		"the same number and other entries":              {here: []string{"stranger"}, there: none, hereNo: 1, thereNo: 1, wantText: "has the number 1 of the one that is here, and other entries"},
		"the same number and more entries":               {here: none, there: []string{"stranger"}, hereNo: 1, thereNo: 1, wantText: "has the number 1 of the one that is here, and other entries"},
		"the same number and another known one":          {here: none, there: east, hereNo: 1, thereNo: 1, withdrawn: "east"},
		"the same number and entries":                    {here: east, there: east, hereNo: 1, thereNo: 1, want: mesh.CRLKept, wantNumber: 1},

		"with the key, a newer one with more":             {key: true, here: east, there: both, hereNo: 1, thereNo: 2, want: mesh.CRLAccepted, wantNumber: 2, revoked: west},
		"with the key, a newer one with other entries":    {key: true, here: east, there: west, hereNo: 1, thereNo: 2, want: mesh.CRLMerged, wantNumber: 2, resign: east, revoked: west},
		"with the key, an older one with other entries":   {key: true, here: east, there: west, hereNo: 2, thereNo: 1, want: mesh.CRLMerged, wantNumber: 2, resign: west, revoked: west},
		"with the key, the number with other entries":     {key: true, here: east, there: west, hereNo: 1, thereNo: 1, want: mesh.CRLMerged, wantNumber: 1, resign: west, revoked: west},
		"with the key, an older one with less":            {key: true, here: both, there: east, hereNo: 2, thereNo: 1, want: mesh.CRLOlder, wantNumber: 2},
		"with the key, unknown certificates stay as well": {key: true, here: []string{"stranger"}, there: none, hereNo: 1, thereNo: 2, want: mesh.CRLMerged, wantNumber: 2, resign: []string{"stranger"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.check(t, root, certs)
		})
	}
}

func (tt crlCase) check(t *testing.T, root signer, certs map[string]*x509.Certificate) {
	t.Helper()
	pick := func(keys []string) (picked []*x509.Certificate) {
		for _, key := range keys {
			picked = append(picked, certs[key])
		}
		return picked
	}
	var here *x509.RevocationList
	if tt.here != nil {
		here = root.crl(t, tt.hereNo, pick(tt.here)...)
	}
	m := newMesh(contents(root, record(t, "", here, root.cert()), record(t, "east", nil, certs["east"]), record(t, "west", nil, certs["west"]), record(t, "gone", nil, certs["gone"])))
	hasKey := without
	if tt.key {
		hasKey = keyOf(root.cert())
	}
	there := root.crl(t, tt.thereNo, pick(tt.there)...)
	g, err := m.Merge(mesh.Exchange{CRLs: []*x509.RevocationList{there, there}}, hasKey)
	if tt.withdrawn != "" {
		withdrawn, ok := errors.AsType[*mesh.WithdrawnError](err)
		if !ok || withdrawn.Revoked != ca.Describe(certs[tt.withdrawn]) || withdrawn.Older.Cmp(withdrawn.Newest) > 0 || !withdrawn.Issuer {
			t.Errorf("error %v, want a WithdrawnError of %s", err, tt.withdrawn)
		}
		return
	}
	if tt.wantText != "" {
		if err == nil || !strings.Contains(err.Error(), tt.wantText) {
			t.Errorf("error %v, want one with %q", err, tt.wantText)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var resigned []x509.RevocationListEntry
	for _, r := range g.Resign() {
		resigned = append(resigned, r.Carried...)
		r.CA.SetCRL(root.sign(t, r.CA.NextCRL(ca.CRLOptions{Carried: r.Carried}, m.Now)))
	}
	if diff := cmp.Diff(serialsOf(entries(pick(tt.resign)...)), serialsOf(resigned), cmpopts.EquateEmpty()); diff != "" || g.NeedsIssuer() != (len(tt.resign) > 0) {
		t.Errorf("the issuer signs: %t, entries to sign (-want +got):\n%s", g.NeedsIssuer(), diff)
	}
	got := g.Result()
	want := []mesh.MergedCRL{{Subject: ca.Describe(root.cert()), Action: tt.want, CRL: mesh.SummarizeCRL(there), Dropped: tt.dropped}}
	if diff := cmp.Diff(want, got.CRLs, bigInts); diff != "" {
		t.Errorf("CRLs (-want +got):\n%s", diff)
	}
	var revoked []string
	for _, one := range got.Revoked {
		revoked = append(revoked, one.Cluster)
		if one.Role != mesh.RoleRemote || one.Certificate != mesh.Summarize(certs[one.Cluster]) {
			t.Errorf("revoked %+v", one)
		}
	}
	if diff := cmp.Diff(tt.revoked, revoked); diff != "" {
		t.Errorf("revoked as of this change (-want +got):\n%s", diff)
	}
	if number := m.Issuer().CRL().Number; len(tt.resign) == 0 && number.Int64() != tt.wantNumber || len(tt.resign) > 0 && number.Int64() != m.Now.Unix() {
		t.Errorf("the CRL of the root has the number %d, want %d", number, tt.wantNumber)
	}
	for _, key := range slices.Concat(tt.here, tt.there) {
		if a := m.CA(certs[key]); a != nil && key != "gone" && !m.IsRevoked(a) {
			t.Errorf("%s is not revoked any more", key)
		}
	}
}

func serialsOf(all []x509.RevocationListEntry) []string {
	var serials []string
	for _, e := range all {
		serials = append(serials, e.SerialNumber.String())
	}
	return serials
}

func TestMerge_SeveralCRLsOfOneCA(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	east, west, north := root.cluster(t, "east").cert(), root.cluster(t, "west").cert(), root.cluster(t, "north").cert()
	certs := []*x509.Certificate{east, west, north}
	lists := []*x509.RevocationList{root.crl(t, 1, east), root.crl(t, 3, west), root.crl(t, 2, north)}
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			t.Parallel()
			var given []*x509.RevocationList
			for _, i := range order {
				given = append(given, lists[i])
			}
			m := newMesh(contents(root, record(t, "", root.crl(t, 7), root.cert()), record(t, "east", nil, east), record(t, "west", nil, west), record(t, "north", nil, north)))
			g := catest.Must(m.Merge(mesh.Exchange{CRLs: given}, keyOf(root.cert())))(t)
			resign := g.Resign()
			if len(resign) != 1 || resign[0].CA != m.Issuer() || len(resign[0].Carried) != 3 {
				t.Fatalf("to sign: %+v", resign)
			}
			m.Issuer().SetCRL(root.sign(t, m.Issuer().NextCRL(ca.CRLOptions{Carried: resign[0].Carried}, m.Now)))
			for _, cert := range certs {
				if !m.IsRevoked(m.CA(cert)) {
					t.Errorf("%s is not revoked", ca.Describe(cert))
				}
			}
		})
	}
}

func TestMerge_WithdrawnErrorOfAnotherCA(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	m := newMesh(r.contents(t, r.root.crl(t, 1, r.issuing.cert()), nil))
	_, err := m.Merge(mesh.Exchange{CRLs: []*x509.RevocationList{r.root.crl(t, 2)}}, without)
	want := &mesh.WithdrawnError{Subject: ca.Describe(r.root.cert()), Revoked: ca.Describe(r.issuing.cert()), Older: big.NewInt(1), Newest: big.NewInt(2)}
	if diff := cmp.Diff(error(want), err, bigInts); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	const hint = ": expected one with all entries, from the directory that has the key"
	if !strings.HasSuffix(want.Error(), hint) || !strings.HasPrefix(want.Error(), "CRL 1 of root") {
		t.Errorf("error %q", want)
	}
	want.Issuer = true
	if strings.HasSuffix(want.Error(), hint) {
		t.Errorf("error %q sends the issuer to another directory", want)
	}
}

func TestMerge_CRLs(t *testing.T) {
	t.Parallel()
	root, unknown := newRoot(t, "root"), newRoot(t, "unknown")
	east, old := root.cluster(t, "east"), root.issue(t, "old", "old", 400, ca.IntermediateOptions{})
	issuing := root.issue(t, "issuing", "issuing", 10, ca.IntermediateOptions{PathLen: 1})
	oldCRL := catest.Must(old.at(t, 390).CRL(ca.CRLOptions{Number: big.NewInt(1)}))(t)
	forged := slices.Clone(root.crl(t, 2).Raw)
	forged[len(forged)-1] ^= 1
	listOf := func(s signer, size int) *x509.RevocationList { return large(t, s, size) }
	all := []*x509.Certificate{root.cert(), east.cert(), issuing.cert()}
	errDisk := errors.New("the disk is gone")
	tests := map[string]struct {
		e       mesh.Exchange
		hasKey  func(*mesh.CA) (bool, error)
		want    []mesh.CRLAction
		wantErr string
	}{
		"that of a CA in the exchange":                {mesh.Exchange{Certificates: all, CRLs: []*x509.RevocationList{east.crl(t, 1)}}, nil, []mesh.CRLAction{mesh.CRLAccepted}, ""},
		"that of an unknown CA, beside a known one":   {mesh.Exchange{CRLs: []*x509.RevocationList{unknown.crl(t, 1), root.crl(t, 5)}}, nil, []mesh.CRLAction{mesh.CRLUnknown, mesh.CRLAccepted}, ""},
		"that of an unknown CA, beside certificates":  {mesh.Exchange{Certificates: all, CRLs: []*x509.RevocationList{unknown.crl(t, 1)}}, nil, []mesh.CRLAction{mesh.CRLUnknown}, ""},
		"that of an unknown CA alone":                 {mesh.Exchange{CRLs: []*x509.RevocationList{unknown.crl(t, 1)}}, nil, nil, "no known CA signed the CRL of"},
		"that of a CA in the exchange that has ended": {mesh.Exchange{Certificates: old.chain[:1], CRLs: []*x509.RevocationList{oldCRL}}, nil, []mesh.CRLAction{mesh.CRLUnused}, ""},
		"a forged one":                                    {mesh.Exchange{CRLs: []*x509.RevocationList{catest.Must(x509.ParseRevocationList(forged))(t)}}, nil, nil, "the CRL is not signed by this CA"},
		"that of a namesake with another key":             {mesh.Exchange{CRLs: []*x509.RevocationList{namesakeCRL(t)}}, nil, nil, "the CRL is not signed by this CA"},
		"a large one of a CA that issues for clusters":    {mesh.Exchange{Certificates: all, CRLs: []*x509.RevocationList{listOf(issuing, 100<<10)}}, nil, []mesh.CRLAction{mesh.CRLAccepted}, ""},
		"one of a cluster's CA that is just small enough": {mesh.Exchange{Certificates: all, CRLs: []*x509.RevocationList{listOf(east, 15<<10)}}, nil, []mesh.CRLAction{mesh.CRLAccepted}, ""},
		"one of a cluster's CA that is too large":         {mesh.Exchange{Certificates: all, CRLs: []*x509.RevocationList{listOf(east, 17<<10)}}, nil, nil, "expected at most 16384 of a CA that signs for one cluster"},
		"a key that cannot be read":                       {mesh.Exchange{CRLs: []*x509.RevocationList{root.crl(t, 5)}}, func(*mesh.CA) (bool, error) { return false, errDisk }, nil, "the disk is gone"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMesh(contents(root, record(t, "", root.crl(t, 1), root.cert())))
			hasKey := tt.hasKey
			if hasKey == nil {
				hasKey = without
			}
			g, err := m.Merge(tt.e, hasKey)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Errorf("error %v, want one with %q", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []mesh.CRLAction
			for _, one := range g.Result().CRLs {
				got = append(got, one.Action)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("actions (-want +got):\n%s", diff)
			}
		})
	}
}

// namesakeCRL is a CRL of a namesake of the root, with another key.
func namesakeCRL(t *testing.T) *x509.RevocationList {
	t.Helper()
	issuer := *newRoot(t, "root").cert()
	issuer.PublicKey = catest.Key("thief").Public()
	der := catest.Must(x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(9), ThisUpdate: catest.Now(), NextUpdate: catest.Now().Add(day),
	}, &issuer, catest.Key("thief")))(t)
	return catest.Must(x509.ParseRevocationList(der))(t)
}

func TestMerge_IsIdempotent(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	there := newMesh(r.contents(t, r.root.crl(t, 1), r.issuing.crl(t, 2, r.superseded.cert()))).Exchange()
	m := newMesh(contents(r.issuing, record(t, "", nil, r.root.cert())))
	first := catest.Must(m.Merge(there, without))(t).Result()
	if len(first.Discovered) != 4 || len(first.CRLs) != 6 || len(first.Revoked) != 0 {
		t.Errorf("the first merge: %d CAs, %d CRLs, %d revoked", len(first.Discovered), len(first.CRLs), len(first.Revoked))
	}
	if diff := cmp.Diff(there.Certificates, m.Exchange().Certificates, catest.Identical()); diff != "" {
		t.Errorf("certificates (-there +here):\n%s", diff)
	}
	m.MarkRecorded()
	second := catest.Must(m.Merge(there, without))(t).Result()
	for _, one := range second.CRLs {
		if one.Action != mesh.CRLKept {
			t.Errorf("the second merge: %s is %s", one.Subject, one.Action)
		}
	}
	if len(second.Discovered)+len(second.Revoked)+len(m.Changed()) > 0 || len(second.CRLs) != 6 {
		t.Errorf("the second merge: %+v", second)
	}
}

func TestMerge_ReportsTheRoleOfARevokedCA(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	m := newMesh(r.contents(t, r.root.crl(t, 1), r.issuing.crl(t, 1, r.remote.cert())))
	list := r.issuing.crl(t, 2, r.remote.cert(), r.current.cert(), r.superseded.cert())
	got := catest.Must(m.Merge(mesh.Exchange{CRLs: []*x509.RevocationList{list}}, without))(t).Result().Revoked
	want := []mesh.RevokedCA{
		{Cluster: "east", Certificate: mesh.Summarize(r.current.cert()), Role: mesh.RoleCurrent},
		{Cluster: "east", Certificate: mesh.Summarize(r.superseded.cert()), Role: mesh.RoleSuperseded},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("revoked as of this change (-want +got):\n%s", diff)
	}
	above := mesh.RevokedCA{Role: mesh.RoleIssuing}
	for text, one := range map[string]mesh.RevokedCA{"REFUSE EVERY CHAIN BELOW IT": above, "CURRENT INTERMEDIATE of cluster east": want[0]} {
		if !strings.Contains(one.Consequence(), text) {
			t.Errorf("consequence of a revoked %s CA: %q", one.Role, one.Consequence())
		}
	}
	if consequence := want[1].Consequence(); consequence != "" {
		t.Errorf("consequence of a revoked superseded CA: %q", consequence)
	}
}
