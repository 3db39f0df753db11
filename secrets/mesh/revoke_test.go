package mesh_test

import (
	"crypto/x509"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/mesh"
)

func TestDecision_Check(t *testing.T) {
	t.Parallel()
	now := catest.Now()
	hold, compromise := mesh.Reason(6), mesh.ReasonKeyCompromise
	for name, tt := range map[string]struct {
		decision mesh.Decision
		want     string
	}{
		"nothing given":       {mesh.Decision{}, ""},
		"now":                 {mesh.Decision{At: now, Reason: &compromise}, ""},
		"the past":            {mesh.Decision{At: now.Add(-day)}, ""},
		"a second from now":   {mesh.Decision{At: now.Add(time.Second)}, "the revocation time 2026-01-02T03:04:06Z is in the future"},
		"a temporary reason":  {mesh.Decision{Reason: &hold}, "reason 6 is not a reason for which a CA can be revoked"},
		"an unknown negative": {mesh.Decision{Reason: new(mesh.Reason(-1))}, "reason -1 is not a reason"},
	} {
		err := tt.decision.Check(now)
		if (err != nil) != (tt.want != "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %q", name, err, tt.want)
		}
	}
}

func TestPlanRevocation(t *testing.T) {
	t.Parallel()
	type plan struct {
		CAs                   []string
		Local, Successor, Now bool
	}
	live := []intermediate{{key: "a", days: 10}}
	pending := []intermediate{{key: "b", days: 10}, {key: "a", days: 30, pending: true}}
	alone := []intermediate{{key: "a", days: 30, pending: true}}
	left := []intermediate{{key: "a", days: 30, retired: true}}
	returned := []intermediate{{key: "b", days: 10}, {key: "a", days: 30, retired: true}}
	tests := map[string]struct {
		local   bool
		all     []intermediate
		mode    mesh.Mode
		want    plan
		wantErr string
	}{
		"the first call issues a successor":                     {true, live, mesh.SuccessorFirst, plan{[]string{"a"}, true, true, false}, ""},
		"it cannot for a remote cluster":                        {false, live, mesh.SuccessorFirst, plan{[]string{"a"}, false, false, false}, ""},
		"all live intermediates are pending then":               {true, []intermediate{{key: "a", days: 10}, {key: "b", days: 30}}, mesh.SuccessorFirst, plan{[]string{"a", "b"}, true, true, false}, ""},
		"a second call finds the first":                         {true, pending, mesh.SuccessorFirst, plan{[]string{"a"}, true, false, false}, ""},
		"a second call issues what is missing":                  {true, alone, mesh.SuccessorFirst, plan{[]string{"a"}, true, true, false}, ""},
		"finish revokes what is pending":                        {true, pending, mesh.Finish, plan{[]string{"a"}, true, false, true}, ""},
		"finish does not cut the cluster off":                   {true, alone, mesh.Finish, plan{}, "*mesh.NoSuccessorError"},
		"a retired intermediate is no successor":                {false, []intermediate{{key: "b", days: 5, revoked: true}, {key: "a", days: 30, pending: true}, {key: "c", days: 60, retired: true}}, mesh.Finish, plan{}, "*mesh.NoSuccessorError"},
		"finish needs something that is pending":                {true, live, mesh.Finish, plan{}, "*mesh.NoIntermediateError"},
		"immediately revokes and issues at once":                {true, live, mesh.AtOnce, plan{[]string{"a"}, true, true, true}, ""},
		"immediately revokes what is pending alone":             {true, pending, mesh.AtOnce, plan{[]string{"a"}, true, false, true}, ""},
		"a cluster that leaves loses all, pending ones first":   {true, pending, mesh.Leave, plan{[]string{"a", "b"}, true, false, true}, ""},
		"a cluster that has left is revoked at once":            {false, left, mesh.SuccessorFirst, plan{[]string{"a"}, false, false, true}, ""},
		"of one that came back the retired one is revoked, too": {true, returned, mesh.SuccessorFirst, plan{[]string{"b", "a"}, true, true, false}, ""},
		"a retired one that is left alone is revoked at once":   {false, []intermediate{{key: "b", days: 5, revoked: true}, {key: "a", days: 30, retired: true}}, mesh.SuccessorFirst, plan{[]string{"a"}, false, false, true}, ""},
		"finish revokes a pending one that is retired":          {false, []intermediate{{key: "b", days: 5, revoked: true}, {key: "a", days: 30, pending: true, retired: true}}, mesh.Finish, plan{[]string{"a"}, false, false, true}, ""},
		"an expired intermediate cannot be revoked":             {false, []intermediate{{key: "a", days: 400}}, mesh.SuccessorFirst, plan{}, "*mesh.NoIntermediateError"},
		"a revoked intermediate cannot be revoked again":        {false, []intermediate{{key: "a", days: 10, revoked: true}}, mesh.AtOnce, plan{}, "*mesh.NoIntermediateError"},
		"a cluster that is not known":                           {false, nil, mesh.SuccessorFirst, plan{}, "*mesh.NoIntermediateError"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, certs := eastAndWest(t, tt.local, tt.all)
			plans, err := m.PlanRevocation([]string{"east"}, tt.mode)
			if typeOf(err) != tt.wantErr {
				t.Fatalf("error %v, want a %s", err, tt.wantErr)
			}
			if err != nil {
				return
			}
			p := plans[0]
			got := plan{keysOf(p.CAs, certs), p.Local, p.Successor, p.Now}
			if diff := cmp.Diff(tt.want, got); diff != "" || p.Cluster != "east" {
				t.Errorf("plan of %s (-want +got):\n%s", p.Cluster, diff)
			}
			if len(p.Summaries()) != len(p.CAs) || p.Summaries()[0] != p.CAs[0].Summary() {
				t.Errorf("summaries %+v", p.Summaries())
			}
			if changed := m.Changed(); len(changed) > 0 {
				t.Errorf("the plan changed %q", subjects(changed))
			}
		})
	}
}

func TestPlanRevocation_OnlyTheIssuerCanRevoke(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	direct := r.root.cluster(t, "north")
	c := r.contents(t, nil, nil)
	c.Recorded = append(c.Recorded, record(t, "north", nil, direct.cert()))
	m := newMesh(c)
	_, err := m.PlanRevocation([]string{"north"}, mesh.SuccessorFirst)
	want := &mesh.ForeignIssuerError{Cluster: "north", Subject: ca.Describe(direct.cert()), Issuer: r.root.cert().Subject.CommonName}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	_, err = m.PlanCertificates([]string{ca.Describe(r.cross)})
	if diff := cmp.Diff(error(&mesh.ForeignIssuerError{Subject: ca.Describe(r.cross), Issuer: r.root.cert().Subject.CommonName}), err); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

func TestPlanCertificates(t *testing.T) {
	t.Parallel()
	current := intermediate{key: "a", days: 10}
	tests := map[string]struct {
		local   bool
		all     []intermediate
		names   []string // of keys, or as they are
		want    []string
		wantErr string
	}{
		"one that was never installed":              {true, []intermediate{current, {key: "b", days: 5, noCRL: true}}, []string{"b"}, []string{"b"}, ""},
		"one that was given twice":                  {true, []intermediate{current, {key: "b", days: 5, noCRL: true}}, []string{"b", "b"}, []string{"b"}, ""},
		"the current one, with a remote one beside": {true, []intermediate{current, {key: "b", days: 5}}, []string{"a"}, []string{"a"}, ""},
		"the current one, and nothing beside":       {true, []intermediate{current}, []string{"a"}, nil, "*mesh.NoSuccessorError"},
		"the current one, and one never installed":  {true, []intermediate{current, {key: "b", days: 5, noCRL: true}}, []string{"a"}, nil, "*mesh.NoSuccessorError"},
		"the current one, and one that is pending":  {true, []intermediate{current, {key: "b", days: 5, pending: true}}, []string{"a"}, nil, "*mesh.NoSuccessorError"},
		"both of two":                                {true, []intermediate{current, {key: "b", days: 5}}, []string{"a", "b"}, nil, "*mesh.NoSuccessorError"},
		"all of a cluster that has left":             {false, []intermediate{{key: "a", days: 10, retired: true}, {key: "b", days: 20, retired: true}}, []string{"a", "b"}, []string{"a", "b"}, ""},
		"a retired one of a cluster that came back":  {true, []intermediate{current, {key: "b", days: 20, retired: true}}, []string{"b"}, []string{"b"}, ""},
		"one that has expired":                       {true, []intermediate{current, {key: "b", days: 400}}, []string{"b"}, nil, "*mesh.NoCertificateError"},
		"one that is revoked":                        {true, []intermediate{current, {key: "b", days: 20, revoked: true}}, []string{"b"}, nil, "*mesh.NoCertificateError"},
		"a name that no CA has":                      {true, []intermediate{current}, []string{"south"}, nil, "*mesh.NoCertificateError"},
		"the beginning of a name":                    {true, []intermediate{current, {key: "b", days: 5, noCRL: true}}, []string{"east"}, nil, "*mesh.NoCertificateError"},
		"the root, by its key":                       {true, []intermediate{current}, []string{"root"}, nil, "*mesh.AboveError"},
		"no name":                                    {true, []intermediate{current}, nil, nil, "*errors.errorString"},
		"an empty name":                              {true, []intermediate{current}, []string{""}, nil, "*mesh.NoCertificateError"},
		"one that is pending, with a successor":      {true, []intermediate{current, {key: "b", days: 20, pending: true}}, []string{"b"}, []string{"b"}, ""},
		"the newest remote one of a remote cluster":  {false, []intermediate{current, {key: "b", days: 20}}, []string{"a"}, []string{"a"}, ""},
		"a pending one of a cluster without a spare": {false, []intermediate{{key: "a", days: 10, pending: true}}, []string{"a"}, nil, "*mesh.NoSuccessorError"},
	}
	for name, tt := range tests {
		for by, nameOf := range map[string]func(*x509.Certificate) string{
			"subject":     ca.Describe,
			"fingerprint": func(cert *x509.Certificate) string { return strings.ToUpper(mesh.Summarize(cert).Fingerprint) },
		} {
			t.Run(name+" by "+by, func(t *testing.T) {
				t.Parallel()
				m, certs := eastAndWest(t, tt.local, tt.all)
				certs["root"] = m.Root
				var names []string
				for _, key := range tt.names {
					if cert := certs[key]; cert != nil {
						key = nameOf(cert)
					}
					names = append(names, key)
				}
				plans, err := m.PlanCertificates(names)
				if typeOf(err) != tt.wantErr {
					t.Fatalf("error %v, want a %s", err, tt.wantErr)
				}
				var got []string
				for _, p := range plans {
					got = append(got, keysOf(p.CAs, certs)...)
					if !p.Now || p.Successor || p.Cluster != "east" || p.Local != tt.local {
						t.Errorf("plan %+v", p)
					}
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("CAs (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestPlanCertificates_ASupersededIntermediateIsNoSuccessor(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	m := newMesh(r.contents(t, nil, nil))
	if got := m.Intermediates("east").Live; len(got) != 2 {
		t.Fatalf("%d live intermediates, want the current and the superseded one", len(got))
	}
	if _, err := m.PlanCertificates([]string{ca.Describe(r.current.cert())}); typeOf(err) != "*mesh.NoSuccessorError" {
		t.Errorf("the current one: error %v, want a NoSuccessorError", err)
	}
	if _, err := m.PlanCertificates([]string{ca.Describe(r.superseded.cert())}); err != nil {
		t.Errorf("the superseded one: %v", err)
	}
}

func TestPlanCertificates_ListsCandidates(t *testing.T) {
	t.Parallel()
	m, certs := eastAndWest(t, true, []intermediate{{key: "a", days: 10}, {key: "b", days: 20}, {key: "c", days: 400}})
	for name, want := range map[string][]string{"east": {"a", "b"}, "south": {"a", "b", "west"}, "": {"a", "b", "west"}} {
		_, err := m.PlanCertificates([]string{name})
		unnamed, ok := errors.AsType[*mesh.NoCertificateError](err)
		if !ok || unnamed.Name != name {
			t.Fatalf("%q: error %v, want a NoCertificateError", name, err)
		}
		var wanted []mesh.Summary
		for _, key := range want {
			wanted = append(wanted, mesh.Summarize(certs[key]))
		}
		if diff := cmp.Diff(wanted, unnamed.Candidates); diff != "" {
			t.Errorf("%q: candidates (-want +got):\n%s", name, diff)
		}
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	now := catest.Now()
	before := mesh.Revocation{Reason: mesh.ReasonSuperseded, At: now} // of a pending one, see eastAndWest
	live, pending := intermediate{key: "a", days: 10}, intermediate{key: "a", days: 10, pending: true}
	compromise := mesh.ReasonKeyCompromise
	tests := map[string]struct {
		one      intermediate
		decision mesh.Decision
		want     mesh.Revocation
	}{
		"the default reason and now":           {live, mesh.Decision{Default: mesh.ReasonCessationOfOperation}, mesh.Revocation{Reason: mesh.ReasonCessationOfOperation, At: now}},
		"a reason that is given":               {live, mesh.Decision{Default: mesh.ReasonCessationOfOperation, Reason: &compromise}, mesh.Revocation{Reason: compromise, At: now}},
		"a time that is given":                 {live, mesh.Decision{At: now.Add(-day - time.Millisecond)}, mesh.Revocation{At: now.Add(-day - time.Second)}},
		"the default does not change a reason": {pending, mesh.Decision{Default: mesh.ReasonCessationOfOperation}, before},
		"a reason changes what is pending":     {pending, mesh.Decision{Reason: &compromise}, mesh.Revocation{Reason: compromise, At: now}},
		"a time changes what is pending":       {pending, mesh.Decision{At: now.Add(-day)}, mesh.Revocation{Reason: mesh.ReasonSuperseded, At: now.Add(-day)}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, certs := eastAndWest(t, true, []intermediate{tt.one})
			a := m.CA(certs["a"])
			later := catest.Must(m.PlanRevocation([]string{"east"}, mesh.SuccessorFirst))(t)
			if got := m.Decide(later, tt.decision); len(got) > 0 {
				t.Errorf("%d entries of a revocation that is pending", len(got))
			}
			if diff := cmp.Diff(&tt.want, a.Pending); diff != "" {
				t.Errorf("pending (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]*mesh.CA{a}, m.Changed(), sameCA); diff != "" {
				t.Errorf("changed CAs (-want +got):\n%s", diff)
			}
			now := catest.Must(m.PlanRevocation([]string{"east"}, mesh.AtOnce))(t)
			want := []x509.RevocationListEntry{{SerialNumber: certs["a"].SerialNumber, RevocationTime: tt.want.At, ReasonCode: int(tt.want.Reason)}}
			if diff := cmp.Diff(want, m.Decide(now, mesh.Decision{}), bigInts, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("entries (-want +got):\n%s", diff)
			}
			if a.Pending != nil {
				t.Error("it is pending still, and carried out")
			}
		})
	}
}

// sameCA compares CAs by their identity, bigInts numbers by their values.
var (
	sameCA  = cmp.Comparer(func(a, b *mesh.CA) bool { return a == b })
	bigInts = cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })
)

func TestDecide_HasOnlyCertificatesThatNoCRLHas(t *testing.T) {
	t.Parallel()
	root := newRoot(t, "root")
	first, second := root.issue(t, "east", "east", 30, ca.IntermediateOptions{}), root.issue(t, "east", "east", 10, ca.IntermediateOptions{})
	m := newMesh(contents(root, record(t, "", root.crl(t, 1, first.cert()), root.cert()), record(t, "east", nil, first.cert(), second.cert())))
	plans := catest.Must(m.PlanRevocation([]string{"east"}, mesh.AtOnce))(t)
	got := m.Decide(plans, mesh.Decision{})
	if len(got) != 1 || got[0].SerialNumber.Cmp(second.cert().SerialNumber) != 0 {
		t.Errorf("%d entries, want that of the second certificate", len(got))
	}
}

func TestIsCutOff(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		local bool
		all   []intermediate
		mode  mesh.Mode
		want  bool
	}{
		"a remote cluster without another":  {false, []intermediate{{key: "a", days: 10}}, mesh.AtOnce, true},
		"a cluster with a successor":        {false, []intermediate{{key: "b", days: 5}, {key: "a", days: 10, pending: true}}, mesh.Finish, false},
		"a revocation that is pending":      {false, []intermediate{{key: "a", days: 10}}, mesh.SuccessorFirst, false},
		"a cluster that has left":           {false, []intermediate{{key: "a", days: 10, retired: true}}, mesh.SuccessorFirst, false},
		"a cluster that leaves":             {true, []intermediate{{key: "a", days: 10}}, mesh.Leave, false},
		"a local cluster without successor": {true, []intermediate{{key: "a", days: 10}}, mesh.AtOnce, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, _ := eastAndWest(t, tt.local, tt.all)
			plans := catest.Must(m.PlanRevocation([]string{"east"}, tt.mode))(t)
			if entries := m.Decide(plans, mesh.Decision{}); len(entries) > 0 {
				issuer := signer{"root", m.Issuing}
				m.Issuer().SetCRL(issuer.sign(t, m.Issuer().NextCRL(ca.CRLOptions{Revoked: entries}, m.Now)))
			}
			if got := m.IsCutOff(plans[0]); got != tt.want {
				t.Errorf("cut off: %t, want %t", got, tt.want)
			}
		})
	}
}

func TestRetire(t *testing.T) {
	t.Parallel()
	m, certs := eastAndWest(t, true, []intermediate{{key: "a", days: 10}, {key: "b", days: 20, retired: true}, {key: "c", days: 400}})
	before := m.CA(certs["b"]).Retired
	if err := m.Retire("east"); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]time.Time{"a": m.Now, "b": before, "c": m.Now, "west": {}} {
		if got := m.CA(certs[key]).Retired; !got.Equal(want) {
			t.Errorf("%s was retired at %s, want %s", key, got, want)
		}
	}
	if got := m.Clusters(); len(got) > 0 {
		t.Errorf("local clusters %q", got)
	}
	if got := m.Intermediates("east").Left; !got.Equal(m.Now) {
		t.Errorf("east left at %s, want now", got)
	}
	if diff := cmp.Diff([]string{"a", "c"}, keysOf(m.Changed(), certs)); diff != "" {
		t.Errorf("changed CAs (-want +got):\n%s", diff)
	}
	if err := m.Retire("north"); typeOf(err) != "*mesh.NoIntermediateError" {
		t.Errorf("error %v, want a NoIntermediateError", err)
	}
}
