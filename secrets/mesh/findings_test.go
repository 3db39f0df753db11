package mesh_test

import (
	"crypto/x509"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// statuses are those of all CAs that have not ended.
func statuses(m *mesh.Mesh) []mesh.Status {
	var all []mesh.Status
	for _, a := range m.CAs() {
		if !a.Ended(m.Now) {
			all = append(all, m.Status(a))
		}
	}
	return all
}

// lines are findings, one a line.
func lines(found []mesh.Finding) []string {
	var all []string
	for _, f := range found {
		all = append(all, fmt.Sprintf("%s: %T: %v", f.Severity, f.Err, f.Err))
	}
	return all
}

func TestVerify(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	east := r.current
	other := r.other.cert()
	mute := catest.Mutate(t, other, other, catest.Key("other"), catest.Mutation{Cert: func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign }})
	name := func(cert *x509.Certificate) string { return cert.Subject.CommonName }
	const envoy = "Envoy refuses every chain with this CA; istiod "
	inUse := fmt.Sprintf("error: *mesh.RevokedInUseError: %s, the current intermediate of cluster east, is revoked: proxies that have the CRL refuse the workloads of the cluster", name(east.cert()))
	above := fmt.Sprintf("error: *mesh.RevokedInUseError: %s is revoked, and stands above the clusters", name(r.issuing.cert()))
	missingCRL := fmt.Sprintf("error: *mesh.IncompleteError: the CRL bundle is incomplete: %s has no CRL here", name(east.cert()))
	due := fmt.Sprintf("*mesh.EndingCRLError: the CRL of %s ends at 2026-01-05T03:04:05Z", name(east.cert()))
	tests := map[string]struct {
		change func(*mesh.Mesh)
		silent bool // CRLs are not published
		o      mesh.VerifyOptions
		want   []string
	}{
		"a valid mesh": {change: func(*mesh.Mesh) {}},
		"a revoked intermediate in use": {
			change: func(m *mesh.Mesh) { m.Issuer().SetCRL(r.issuing.crl(t, 2, east.cert())) }, want: []string{inUse},
		},
		"it is an error without CRLs as well": {
			change: func(m *mesh.Mesh) { m.Issuer().SetCRL(r.issuing.crl(t, 2, east.cert())) }, silent: true, want: []string{inUse},
		},
		"a revoked issuing CA": {
			change: func(m *mesh.Mesh) { m.CA(r.root.cert()).SetCRL(r.root.crl(t, 2, r.issuing.cert())) }, want: []string{above},
		},
		"a revoked intermediate that is superseded": {
			change: func(m *mesh.Mesh) {
				m.Issuer().SetCRL(r.issuing.crl(t, 2, r.superseded.cert(), r.remote.cert()))
			},
		},
		"a missing CRL of a current intermediate": {
			change: func(m *mesh.Mesh) { m.Put(record(t, "east", nil, east.cert())) },
			want: []string{missingCRL, fmt.Sprintf("warning: *mesh.UnusableCRLError: the CRL of %s is missing: "+envoy+
				"refuses the CA bundle of the cluster of this CA, and does not start with it; ztunnel continues: nothing of this CA is revoked", name(east.cert()))},
		},
		"a missing CRL of the root": {
			change: func(m *mesh.Mesh) { m.Put(record(t, "", nil, r.root.cert())) },
			want: []string{
				fmt.Sprintf("error: *mesh.IncompleteError: the CRL bundle is incomplete: %s has no CRL here", name(r.root.cert())),
				fmt.Sprintf("warning: *mesh.UnusableCRLError: the CRL of %s is missing: "+envoy+
					"refuses the CA bundle of every cluster, and does not start with it; ztunnel continues: nothing of this CA is revoked", name(r.root.cert())),
			},
		},
		"an expired CRL": {
			change: func(m *mesh.Mesh) { m.Put(record(t, "east", east.crlFor(t, 9, day), east.cert())) },
			want: []string{
				fmt.Sprintf("error: *mesh.IncompleteError: the CRL bundle is incomplete: the CRL of %s expired at 2025-12-25T03:04:05Z", name(east.cert())),
				fmt.Sprintf("warning: *mesh.UnusableCRLError: the CRL of %s is expired: "+envoy+
					"does not check the time; ztunnel treats it as absent: nothing of this CA is revoked", name(east.cert())),
			},
		},
		"a missing CRL without CRLs": {change: func(m *mesh.Mesh) { m.Put(record(t, "east", nil, east.cert())) }, silent: true},
		"a stale bundle": {
			change: func(*mesh.Mesh) {}, o: mesh.VerifyOptions{Stale: []string{"east", "west"}},
			want: []string{"error: *mesh.StaleBundleError: the CRL bundle of cluster east, west misses CRLs that are recorded here"},
		},
		"a CRL that is due": {
			change: func(m *mesh.Mesh) { m.Put(record(t, "east", east.crlFor(t, 9, 12*day), east.cert())) }, want: []string{"warning: " + due},
		},
		"a CRL that ends before the given time": {
			change: func(m *mesh.Mesh) { m.Put(record(t, "east", east.crlFor(t, 1, 4*day), east.cert())) },
			o:      mesh.VerifyOptions{Until: catest.Now().Add(4 * day)}, want: []string{"error: " + due},
		},
		"a CRL that is due and ends before the given time": {
			change: func(m *mesh.Mesh) { m.Put(record(t, "east", east.crlFor(t, 9, 12*day), east.cert())) },
			o:      mesh.VerifyOptions{Until: catest.Now().Add(4 * day)}, want: []string{"error: " + due},
		},
		"a CRL that ends at the given time": {
			change: func(m *mesh.Mesh) { m.Put(record(t, "east", east.crlFor(t, 1, 4*day), east.cert())) },
			o:      mesh.VerifyOptions{Until: catest.Now().Add(3 * day)},
		},
		"a CRL that ends with its CA before the given time": {
			change: func(*mesh.Mesh) {}, o: mesh.VerifyOptions{Until: catest.Now().Add(20 * 365 * day)},
		},
		"a CRL of a revoked CA that ends before the given time": {
			change: func(m *mesh.Mesh) {
				m.Put(record(t, "west", r.remote.crlFor(t, 1, 4*day), r.remote.cert()))
				m.Issuer().SetCRL(r.issuing.crl(t, 2, r.remote.cert()))
			},
			o: mesh.VerifyOptions{Until: catest.Now().Add(4 * day)},
		},
		"a CA that cannot sign CRLs": {
			change: func(m *mesh.Mesh) { m.Put(record(t, "", nil, mute)) }, silent: true,
			want: []string{fmt.Sprintf("warning: *mesh.CannotRevokeError: %s cannot sign CRLs: nothing that it issued can be revoked", name(other))},
		},
		"errors come before warnings": {
			change: func(m *mesh.Mesh) {
				m.Put(record(t, "east", east.crlFor(t, 9, 12*day), east.cert()))
				m.CA(r.root.cert()).SetCRL(r.root.crl(t, 2, r.issuing.cert()))
			},
			o:    mesh.VerifyOptions{Stale: []string{"east"}},
			want: []string{above, "error: *mesh.StaleBundleError: the CRL bundle of cluster east misses CRLs that are recorded here", "warning: " + due},
		},
	}
	for testName, tt := range tests {
		t.Run(testName, func(t *testing.T) {
			t.Parallel()
			c := r.contents(t, r.root.crl(t, 1), r.issuing.crl(t, 1))
			c.PublishCRLs = !tt.silent
			m := newMesh(c)
			tt.change(m)
			if diff := cmp.Diff(tt.want, lines(m.Verify(statuses(m), tt.o))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVerify_ReportsWhereTheKeyIs(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	c := r.contents(t, r.root.crl(t, 1), r.issuing.crlFor(t, 9, 12*day))
	c.PublishCRLs = true
	m := newMesh(c)
	all := statuses(m)
	for i := range all {
		all[i].KeyLocal = all[i].Role == mesh.RoleIssuing
	}
	want := []mesh.Finding{{Severity: mesh.SeverityWarning, Err: &mesh.EndingCRLError{
		Certificate: mesh.Summarize(r.issuing.cert()), NextUpdate: catest.Now().Add(3 * day), KeyLocal: true,
	}}}
	if diff := cmp.Diff(want, m.Verify(all, mesh.VerifyOptions{})); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	m := newMesh(r.contents(t, r.root.crl(t, 1), r.issuing.crl(t, 2, r.remote.cert())))
	m.Put(record(t, "west", nil, r.remote.cert()))
	revocation := &mesh.Revocation{Reason: mesh.ReasonSuperseded, At: catest.Now()}
	east := mesh.SummarizeCRL(m.CA(r.current.cert()).CRL())
	want := map[*x509.Certificate]mesh.Status{
		r.current.cert(): {Cluster: "east", Role: mesh.RoleCurrent, Lifecycle: mesh.LifecycleValid, SignsCRLs: true, CRL: &east, CRLState: mesh.CRLValid},
		r.remote.cert():  {Cluster: "west", Role: mesh.RoleRemote, Lifecycle: mesh.LifecycleRevoked, Revocation: revocation, SignsCRLs: true, CRLState: mesh.CRLNotNeeded},
	}
	for cert, want := range want {
		want.Certificate = mesh.Summarize(cert)
		if diff := cmp.Diff(want, m.Status(m.CA(cert)), bigInts); diff != "" {
			t.Errorf("status of %s (-want +got):\n%s", cert.Subject.CommonName, diff)
		}
	}
}

func TestVerifyChain(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	pending := &mesh.Revocation{At: catest.Now()}
	current := func(state string) string {
		return fmt.Sprintf("%s, the current intermediate of cluster east, is %s", r.current.cert().Subject.CommonName, state)
	}
	revoked := "error: *mesh.RevokedInUseError: " + current("revoked: proxies that have the CRL refuse the workloads of the cluster")
	above := fmt.Sprintf("error: *mesh.RevokedInUseError: %s is revoked, and stands above the clusters", r.issuing.cert().Subject.CommonName)
	tests := map[string]struct {
		byRoot, byIssuing []*x509.Certificate
		change            func(*mesh.CA)
		chain             []*x509.Certificate
		want              []string
	}{
		"a valid chain":               {},
		"a revoked intermediate":      {byIssuing: r.current.chain[:1], want: []string{revoked}},
		"a pending intermediate":      {change: func(a *mesh.CA) { a.Pending = pending }, want: []string{"warning: *mesh.RevokedInUseError: " + current("going to be revoked")}},
		"a retired intermediate":      {change: func(a *mesh.CA) { a.Retired = catest.Now().Add(-time.Hour) }},
		"a revoked issuing CA":        {byRoot: r.issuing.chain[:1], want: []string{above}},
		"both, from the bottom up":    {byRoot: r.issuing.chain[:1], byIssuing: r.current.chain[:1], want: []string{revoked, above}},
		"a chain that is not known":   {chain: newRoot(t, "unknown").cluster(t, "east").chain},
		"another revoked certificate": {byIssuing: r.remote.chain[:1]},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMesh(r.contents(t, r.root.crl(t, 2, tt.byRoot...), r.issuing.crl(t, 2, tt.byIssuing...)))
			if tt.change != nil {
				tt.change(m.CA(r.current.cert()))
			}
			chain := r.current.chain
			if tt.chain != nil {
				chain = tt.chain
			}
			if diff := cmp.Diff(tt.want, lines(m.VerifyChain("east", chain))); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}
