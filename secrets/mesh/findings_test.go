package mesh_test

import (
	"crypto/x509"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// statuses are those of a place without keys.
func statuses(t *testing.T, m *mesh.Mesh) []mesh.Status {
	t.Helper()
	return catest.Must(m.Statuses(func(*mesh.CA) (bool, error) { return false, nil }))(t)
}

// statusOf is the status of the CA of a certificate.
func statusOf(t *testing.T, m *mesh.Mesh, cert *x509.Certificate) mesh.Status {
	t.Helper()
	all := statuses(t, m)
	i := slices.IndexFunc(all, func(s mesh.Status) bool { return s.Certificate == mesh.Summarize(cert) })
	if i < 0 {
		t.Fatalf("no status of %s", cert.Subject.CommonName)
	}
	return all[i]
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
	inUse := fmt.Sprintf("error: *mesh.RevokedInUseError: %s is revoked, and is the intermediate of cluster east", name(east.cert()))
	above := fmt.Sprintf("error: *mesh.RevokedInUseError: %s is revoked, and every cluster is below it", name(r.issuing.cert()))
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
				"refuses the CA bundle of the cluster that has this CA, and does not restart with it; ztunnel accepts the chain: nothing that this CA issued is revoked", name(east.cert()))},
		},
		"a missing CRL of the root": {
			change: func(m *mesh.Mesh) { m.Put(record(t, "", nil, r.root.cert())) },
			want: []string{
				fmt.Sprintf("error: *mesh.IncompleteError: the CRL bundle is incomplete: %s has no CRL here", name(r.root.cert())),
				fmt.Sprintf("warning: *mesh.UnusableCRLError: the CRL of %s is missing: "+envoy+
					"refuses the CA bundle of every cluster, and does not restart with it; ztunnel accepts the chain: nothing that this CA issued is revoked", name(r.root.cert())),
			},
		},
		"an expired CRL": {
			change: func(m *mesh.Mesh) { m.Put(record(t, "east", east.crlFor(t, 9, day), east.cert())) },
			want: []string{
				fmt.Sprintf("error: *mesh.IncompleteError: the CRL bundle is incomplete: the CRL of %s expired at 2025-12-25T03:04:05Z", name(east.cert())),
				fmt.Sprintf("warning: *mesh.UnusableCRLError: the CRL of %s is expired: "+envoy+
					"does not check the time of CRLs; ztunnel ignores it: nothing that this CA issued is revoked", name(east.cert())),
			},
		},
		"a missing CRL without CRLs": {change: func(m *mesh.Mesh) { m.Put(record(t, "east", nil, east.cert())) }, silent: true},
		"a stale bundle": {
			change: func(*mesh.Mesh) {}, o: mesh.VerifyOptions{Stale: []string{"east", "west"}},
			want: []string{"error: *mesh.StaleBundleError: ca-crl.pem of cluster east, west has missing entries"},
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
			want: []string{above, "error: *mesh.StaleBundleError: ca-crl.pem of cluster east has missing entries", "warning: " + due},
		},
	}
	for testName, tt := range tests {
		t.Run(testName, func(t *testing.T) {
			t.Parallel()
			c := r.contents(t, r.root.crl(t, 1), r.issuing.crl(t, 1))
			c.PublishCRLs = !tt.silent
			m := newMesh(c)
			tt.change(m)
			if diff := cmp.Diff(tt.want, lines(m.Verify(statuses(t, m), tt.o))); diff != "" {
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
	all := statuses(t, m)
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
		if diff := cmp.Diff(want, statusOf(t, m, cert), bigInts); diff != "" {
			t.Errorf("status of %s (-want +got):\n%s", cert.Subject.CommonName, diff)
		}
	}
}

func TestVerifyChain(t *testing.T) {
	t.Parallel()
	r := newRoles(t)
	pending := &mesh.Revocation{At: catest.Now()}
	current := func(state string) string {
		return fmt.Sprintf(state, r.current.cert().Subject.CommonName)
	}
	revoked := "error: *mesh.RevokedInUseError: " + current("%s is revoked, and is the intermediate of cluster east")
	above := fmt.Sprintf("error: *mesh.RevokedInUseError: %s is revoked, and every cluster is below it", r.issuing.cert().Subject.CommonName)
	tests := map[string]struct {
		byRoot, byIssuing []*x509.Certificate
		change            func(*mesh.CA)
		chain             []*x509.Certificate
		want              []string
	}{
		"a valid chain":               {},
		"a revoked intermediate":      {byIssuing: r.current.chain[:1], want: []string{revoked}},
		"a pending intermediate":      {change: func(a *mesh.CA) { a.Pending = pending }, want: []string{"warning: *mesh.RevokedInUseError: " + current("the revocation of %s, the intermediate of cluster east, is pending")}},
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
