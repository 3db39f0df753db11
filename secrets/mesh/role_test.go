package mesh_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// roles is a mesh that has a CA of every role.
type roles struct {
	root, issuing, current, superseded, remote, other signer
	cross                                             *x509.Certificate
}

func newRoles(t testing.TB) roles {
	t.Helper()
	r := roles{root: newRoot(t, "root"), other: newRoot(t, "other")}
	r.issuing = r.root.issue(t, "issuing", "issuing", 100, ca.IntermediateOptions{PathLen: 1, Lifetime: 1000 * day})
	r.current, r.remote = r.issuing.cluster(t, "east"), r.issuing.cluster(t, "west")
	r.superseded = r.issuing.issue(t, "old", "east", 20, ca.IntermediateOptions{})
	foreign := &ca.ForeignMesh{TrustDomain: "other.example.com", OwnTrustDomain: "mesh.example.com"}
	r.cross = catest.Must(r.root.at(t, 0).CrossSign(r.other.cert(), ca.CrossSignOptions{Foreign: foreign}))(t)
	return r
}

// contents are those of a place, with the CRLs of the root and of the CA that issues.
func (r roles) contents(t testing.TB, rootCRL, issuingCRL *x509.RevocationList) mesh.Contents {
	t.Helper()
	old := mesh.Bundle{Cluster: "east", Path: "superseded/clusters/east/1", Chain: r.superseded.chain}
	return withBundles(contents(r.issuing,
		record(t, "", rootCRL, r.root.cert()),
		record(t, "", issuingCRL, r.issuing.cert()),
		record(t, "east", r.current.crl(t, 1), r.current.cert()),
		record(t, "east", r.superseded.crl(t, 1), r.superseded.cert()),
		record(t, "west", r.remote.crl(t, 1), r.remote.cert()),
		record(t, "", r.other.crl(t, 1), r.cross),
	), bundleOf("east", r.current), old)
}

func TestRoleAndLifecycle_AreIndependent(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	rows := map[mesh.Role]struct {
		cert  *x509.Certificate
		inUse bool
	}{
		mesh.RoleRoot:       {r.root.cert(), true},
		mesh.RoleIssuing:    {r.issuing.cert(), true},
		mesh.RoleCurrent:    {r.current.cert(), true},
		mesh.RoleSuperseded: {r.superseded.cert(), false},
		mesh.RoleRemote:     {r.remote.cert(), false},
		mesh.RoleForeign:    {r.cross, false},
	}
	pending := &mesh.Revocation{Reason: mesh.ReasonKeyCompromise, At: catest.Now()}
	columns := map[mesh.Lifecycle]func(*mesh.CA){
		mesh.LifecycleValid:   func(*mesh.CA) {},
		mesh.LifecyclePending: func(a *mesh.CA) { a.Pending, a.Retired = pending, catest.Now() },
		mesh.LifecycleRetired: func(a *mesh.CA) { a.Retired = catest.Now() },
		mesh.LifecycleRevoked: func(a *mesh.CA) { a.Pending, a.Retired = pending, catest.Now() },
	}
	for role, row := range rows {
		for lifecycle, change := range columns {
			t.Run(string(role)+" and "+string(lifecycle), func(t *testing.T) {
				t.Parallel()
				var rootCRL, issuingCRL *x509.RevocationList
				if lifecycle == mesh.LifecycleRevoked {
					rootCRL, issuingCRL = r.root.crl(t, 2, row.cert), r.issuing.crl(t, 2, row.cert)
				}
				m := newMesh(r.contents(t, rootCRL, issuingCRL))
				a := m.CA(row.cert)
				change(a)
				if got := m.Role(a); got != role || got.InUse() != row.inUse {
					t.Errorf("role %s, in use %t, want %s, %t", got, got.InUse(), role, row.inUse)
				}
				got, revocation := m.Lifecycle(a)
				if got != lifecycle || m.IsRevoked(a) != (lifecycle == mesh.LifecycleRevoked) {
					t.Errorf("lifecycle %s, revoked %t, want %s", got, m.IsRevoked(a), lifecycle)
				}
				want := map[mesh.Lifecycle]*mesh.Revocation{
					mesh.LifecyclePending: pending,
					mesh.LifecycleRevoked: {Reason: mesh.ReasonSuperseded, At: catest.Now()},
				}[lifecycle]
				if diff := cmp.Diff(want, revocation); diff != "" {
					t.Errorf("revocation (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestRole_AChangeOfPlaceChangesIt(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	tests := map[string]struct {
		change func(*mesh.Contents)
		cert   *x509.Certificate
		want   mesh.Role
	}{
		"a bundle that is no longer current":        {func(c *mesh.Contents) { c.Bundles[0].Current = false }, r.current.cert(), mesh.RoleSuperseded},
		"no bundle at all":                          {func(c *mesh.Contents) { c.Bundles = nil }, r.current.cert(), mesh.RoleRemote},
		"a current and a superseded bundle":         {func(c *mesh.Contents) { c.Bundles[1].Chain = c.Bundles[0].Chain }, r.current.cert(), mesh.RoleCurrent},
		"the current bundle of another cluster":     {func(c *mesh.Contents) { c.Bundles[0].Cluster = "north" }, r.current.cert(), mesh.RoleSuperseded},
		"above a current bundle":                    {func(c *mesh.Contents) { c.Issuing = r.root.chain }, r.issuing.cert(), mesh.RoleIssuing},
		"above a superseded bundle alone":           {func(c *mesh.Contents) { c.Issuing, c.Bundles = r.root.chain, c.Bundles[1:] }, r.issuing.cert(), mesh.RoleForeign},
		"a root that issues":                        {func(c *mesh.Contents) { c.Issuing, c.Bundles = r.root.chain, nil }, r.root.cert(), mesh.RoleRoot},
		"a chain that stops at the intermediate":    {func(c *mesh.Contents) { c.Bundles[0].Chain = r.current.chain[:1] }, r.current.cert(), mesh.RoleCurrent},
		"a damaged bundle without a chain beside":   {func(c *mesh.Contents) { c.Bundles[1] = mesh.Bundle{Cluster: "east", Damaged: true} }, r.superseded.cert(), mesh.RoleRemote},
		"the intermediate of a cluster in its root": {func(c *mesh.Contents) { c.Issuing = r.current.chain[:1] }, r.current.cert(), mesh.RoleRoot},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := r.contents(t, nil, nil)
			tt.change(&c)
			m := newMesh(c)
			if got := m.Role(m.CA(tt.cert)); got != tt.want {
				t.Errorf("role %s, want %s", got, tt.want)
			}
		})
	}
}

func TestSummary_State(t *testing.T) {
	t.Parallel()
	now := catest.Now()
	tests := map[string]struct {
		begin, end time.Duration
		want       mesh.State
	}{
		"two thirds are left":           {-10 * day, 20 * day, mesh.StateValid},
		"a third is left":               {-20 * day, 10 * day, mesh.StateValid},
		"a second less than a third is": {-20 * day, 10*day - time.Second, mesh.StateRenewDue},
		"a second is left":              {-20 * day, time.Second, mesh.StateRenewDue},
		"it ended a second ago":         {-20 * day, -time.Second, mesh.StateExpired},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mesh.Summary{NotBefore: now.Add(tt.begin), NotAfter: now.Add(tt.end)}
			if got := s.State(now); got != tt.want {
				t.Errorf("state %s, want %s", got, tt.want)
			}
		})
	}
}

func TestStateOf(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	retire := func(a *mesh.CA) { a.Retired = catest.Now() }
	decide := func(a *mesh.CA) { a.Pending = &mesh.Revocation{At: catest.Now()} }
	tests := map[string]struct {
		issuingRevokes, rootRevokes []*x509.Certificate
		change                      func(*mesh.CA)
		now                         time.Duration
		want                        mesh.State
	}{
		"valid":                        {want: mesh.StateValid},
		"revoked":                      {issuingRevokes: r.current.chain[:1], want: mesh.StateRevoked},
		"below a revoked CA":           {rootRevokes: r.issuing.chain[:1], want: mesh.StateRevoked},
		"pending":                      {change: decide, want: mesh.StatePending},
		"pending below a revoked CA":   {rootRevokes: r.issuing.chain[:1], change: decide, want: mesh.StateRevoked},
		"retired":                      {change: retire, want: mesh.StateRetired},
		"retired when renewal was due": {change: retire, now: 300 * day, want: mesh.StateRetired},
		"renewal is due":               {now: 300 * day, want: mesh.StateRenewDue},
		"expired":                      {now: 400 * day, want: mesh.StateExpired},
		"revoked and expired":          {issuingRevokes: r.current.chain[:1], now: 400 * day, want: mesh.StateExpired},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := mesh.New(r.contents(t, r.root.crl(t, 2, tt.rootRevokes...), r.issuing.crl(t, 2, tt.issuingRevokes...)), catest.Now().Add(tt.now))
			if tt.change != nil {
				tt.change(m.CA(r.current.cert()))
			}
			if got := m.StateOf(r.current.chain); got != tt.want {
				t.Errorf("state %s, want %s", got, tt.want)
			}
		})
	}
}
