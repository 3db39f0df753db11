package fabric

import (
	"context"
	"crypto/x509"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// RevokeOptions adjust Revoke; the zero value is good.
type RevokeOptions struct {
	// Reason is what the CRL gives for one; nil is [ReasonUnspecified], or of what is pending
	// what was decided before.
	Reason *Reason
	// At is since when the intermediates must not be trusted, cut to the second: not in
	// the future; zero means now, or of what is pending what was decided before. Verifiers
	// refuse them whatever it says.
	At time.Time
	// Immediately does not wait for the successor to take over: the workloads of the
	// cluster are refused by the others until they have certificates of the successor.
	Immediately bool
	// KeyType of the successors; zero is that of [EnsureOptions].
	KeyType ca.KeyType
	// NotAfter is the end of the successors; zero is that of [EnsureOptions].
	NotAfter time.Time
	// AllowIncomplete writes the sets of CRLs even if CRLs are missing.
	AllowIncomplete bool
	// DryRun checks everything and changes nothing. What the result says of successors is
	// not what a real run would make.
	DryRun bool
}

// Revocation is what Revoke, FinishRevocation or RevokeCertificates did.
type Revocation struct {
	// Clusters are in the order in which they were asked for.
	Clusters []RevokedCluster
	Publication
}

// RevokedCluster is a cluster after that.
type RevokedCluster struct {
	// Cluster is empty where a CA was revoked that is of none.
	Cluster string
	// Here reports whether the set of the cluster is here.
	Here bool
	// Successor is the intermediate that was issued, nil if none was.
	Successor *Certificate
	// EndsWithIssuer reports that the successor is cut, see [Ensured].
	EndsWithIssuer bool
	// Without reports that the cluster is in the mesh, and has no intermediate any more: its
	// key is elsewhere, so that there is no successor.
	Without bool
	// Pending are the intermediates whose revocation was decided, and waits for
	// [Fabric.FinishRevocation]: every proxy still takes them.
	Pending []Certificate
	// Revoked are those that the CRL has since now.
	Revoked []Certificate
}

// NoIntermediateError says that a cluster has no intermediate of which that could be done
// which was asked for.
type NoIntermediateError struct {
	Dir, Cluster string
	// Wanted is what was looked for, for example "that could be revoked".
	Wanted string
}

func (e *NoIntermediateError) Error() string {
	return fmt.Sprintf("%s has no intermediate of cluster %s %s", e.Dir, e.Cluster, e.Wanted)
}

// ForeignIssuerError says that a CA elsewhere issued a CA. Only that one can revoke it.
type ForeignIssuerError struct {
	Dir, Cluster    string // no cluster where it is of none
	Subject, Issuer string
}

func (e *ForeignIssuerError) Error() string {
	whose := ""
	if e.Cluster != "" {
		whose = "cluster " + e.Cluster + ": "
	}
	return fmt.Sprintf("%s: %s%s was issued by %s, which does not issue here", e.Dir, whose, e.Subject, e.Issuer)
}

// NoSuccessorError says that a cluster would be without a CA if that were revoked.
type NoSuccessorError struct {
	Dir, Cluster string
}

func (e *NoSuccessorError) Error() string {
	return fmt.Sprintf("%s: cluster %s has no intermediate that would be left", filepath.Clean(e.Dir), e.Cluster)
}

// Revoke begins the revocation of all intermediates that clusters have had up to now. A
// revocation at once would be an outage of the cluster, so that the order is another one: its
// successor is issued, where the key of the cluster is here, and the CRL of the successor gets
// into the set of every cluster. What is revoked is written down as pending. When every cluster
// has its set, and the workloads have certificates of the successor, [Fabric.FinishRevocation]
// revokes. As long as that waits, Revoke changes nothing more, but for a reason and a time that
// are given.
//
// With Immediately, and for a cluster that was retired, all of it happens at once: what is
// pending is revoked if something is, and else all intermediates. From then on the fabric
// publishes CRLs, see [Fabric.RefreshCRLs].
//
// The error is a [*NoIntermediateError], a [*ForeignIssuerError], an [*IncompleteError], or one
// that [Fabric.Ensure] has when it issues.
func (f *Fabric) Revoke(ctx context.Context, clusters []string, o RevokeOptions) (Revocation, error) {
	if err := checkClusters(clusters); err != nil {
		return Revocation{}, err
	}
	if err := o.check(f.now()); err != nil {
		return Revocation{}, err
	}
	r := &revoking{RevokeOptions: o}
	return f.revoke(ctx, r, func(m *mesh) error { return r.plan(m, clusters) })
}

func (o *RevokeOptions) check(now time.Time) error {
	if o.At.After(now) {
		return fmt.Errorf("the revocation time %s has not come", o.At.UTC().Format(time.RFC3339))
	}
	if !o.At.IsZero() {
		o.At = o.At.UTC().Truncate(time.Second)
	}
	if o.Reason == nil {
		return nil
	}
	return o.Reason.check()
}

// FinishOptions adjust FinishRevocation; the zero value is good.
type FinishOptions struct {
	// AllowIncomplete writes the sets of CRLs even if CRLs are missing.
	AllowIncomplete bool
	// DryRun checks everything and changes nothing.
	DryRun bool
}

// FinishRevocation revokes the intermediates of clusters whose revocation is pending, once
// every cluster has the CRL of their successors and the workloads have certificates of those.
//
// The error is a [*NoIntermediateError] where nothing is pending, a [*NoSuccessorError] where
// the cluster would be left without an intermediate, or one that [Fabric.Revoke] has.
func (f *Fabric) FinishRevocation(ctx context.Context, clusters []string, o FinishOptions) (Revocation, error) {
	if err := checkClusters(clusters); err != nil {
		return Revocation{}, err
	}
	r := &revoking{RevokeOptions: RevokeOptions{AllowIncomplete: o.AllowIncomplete, DryRun: o.DryRun}, finish: true}
	return f.revoke(ctx, r, func(m *mesh) error { return r.plan(m, clusters) })
}

// revoke runs a revocation. It is planned anew when the directory is held.
func (f *Fabric) revoke(ctx context.Context, r *revoking, plan func(*mesh) error) (Revocation, error) {
	err := f.changeMesh(ctx, meshChange{
		dryRun: r.DryRun,
		issues: func(m *mesh) (bool, error) {
			if err := plan(m); err != nil || r.issues() {
				return err == nil, err
			}
			return m.signsDue(time.Time{})
		},
		make: r.run,
	})
	if err != nil {
		return Revocation{}, err
	}
	return r.done, nil
}

// revoking is one call that revokes.
type revoking struct {
	RevokeOptions
	reason Reason // where none is given, and nothing was decided before
	finish bool   // only what is pending
	leaves bool   // the clusters leave the mesh
	plans  []*revocationPlan
	done   Revocation
}

// revocationPlan is what happens to the intermediates of a cluster.
type revocationPlan struct {
	cluster string
	here    bool         // its set is here
	left    bool         // it has left the mesh, or is about to
	issue   bool         // a successor is issued
	all     []*authority // the revocation of these is decided
	now     bool         // and done
}

// plan decides before anything changes.
func (r *revoking) plan(m *mesh, clusters []string) error {
	r.plans = nil
	for _, cluster := range clusters {
		p, err := r.planCluster(m, cluster)
		if err != nil {
			return err
		}
		r.plans = append(r.plans, p)
	}
	return nil
}

func (r *revoking) planCluster(m *mesh, cluster string) (*revocationPlan, error) {
	live, pending, retired := m.intermediates(cluster)
	p := &revocationPlan{cluster: cluster, here: slices.Contains(m.clusters, cluster), left: retired || r.leaves, all: pending}
	p.now = r.finish || r.Immediately || p.left
	switch {
	case len(live)+len(pending) == 0:
		return nil, &NoIntermediateError{Dir: m.Dir(), Cluster: cluster, Wanted: "that could be revoked"}
	case r.finish && len(pending) == 0:
		return nil, &NoIntermediateError{Dir: m.Dir(), Cluster: cluster, Wanted: "whose revocation is pending"}
	case r.finish && len(live) == 0 && !retired:
		return nil, &NoSuccessorError{Dir: m.Dir(), Cluster: cluster}
	case r.leaves:
		p.all = slices.Concat(pending, live)
	case len(pending) == 0:
		p.all, p.issue = live, p.here
	case !r.finish:
		p.issue = p.here && len(live) == 0
	}
	return p, m.wantIssued(p.all)
}

// wantIssued expects that the CA that issues here has issued those.
func (m *mesh) wantIssued(all []*authority) error {
	for _, a := range all {
		for _, cert := range a.certs {
			if cert.CheckSignatureFrom(m.issuing[0]) != nil {
				return &ForeignIssuerError{Dir: m.Dir(), Cluster: a.cluster, Subject: ca.Describe(cert), Issuer: cert.Issuer.CommonName}
			}
		}
	}
	return nil
}

// intermediates are those of a cluster that can still stand in a chain. It is retired if it
// has left the mesh with all of them.
func (m *mesh) intermediates(cluster string) (live, pending []*authority, retired bool) {
	retired = !slices.Contains(m.clusters, cluster)
	for _, a := range m.all {
		switch {
		case a.cluster != cluster || a.ended(m.now()) || isRevoked(a, m.all):
			continue
		case a.pending != nil:
			pending = append(pending, a)
		default:
			live = append(live, a)
		}
		retired = retired && !a.retired.IsZero()
	}
	return live, pending, retired
}

// issues reports whether the plans take the key of the CA that issues.
func (r *revoking) issues() bool {
	return slices.ContainsFunc(r.plans, func(p *revocationPlan) bool { return p.issue || p.now })
}

func (r *revoking) run(ctx context.Context, m *mesh) error {
	if _, err := m.refresh(ctx, time.Time{}); err != nil {
		return err
	}
	issued, err := r.issueSuccessors(ctx, m)
	if err != nil {
		return err
	}
	r.mark(m)
	if err := r.revokeAll(ctx, m); err != nil {
		return err
	}
	if err := m.save(slices.Sorted(maps.Keys(issued)), r.AllowIncomplete); err != nil {
		return err
	}
	r.report(m, issued)
	return nil
}

// mark writes down what was decided.
func (r *revoking) mark(m *mesh) {
	for _, p := range r.plans {
		for _, a := range p.all {
			a.pending = r.decide(a.pending, m.now())
			m.touch(a)
		}
	}
}

// decide is what was decided about a CA before, and now. What is given counts.
func (r *revoking) decide(before *pending, now time.Time) *pending {
	decided := pending{Reason: int(r.reason), At: now.UTC().Truncate(time.Second)}
	if before != nil {
		decided = *before
	}
	if r.Reason != nil {
		decided.Reason = int(*r.Reason)
	}
	if !r.At.IsZero() {
		decided.At = r.At
	}
	return &decided
}

// issueSuccessors issues what takes the place of what is revoked, by the clusters.
func (r *revoking) issueSuccessors(ctx context.Context, m *mesh) (map[string]Ensured, error) {
	var clusters []string
	for _, p := range r.plans {
		if p.issue {
			clusters = append(clusters, p.cluster)
		}
	}
	if len(clusters) == 0 {
		return nil, nil
	}
	e, err := m.newEnsurance(ctx, m.c, EnsureOptions{KeyType: r.KeyType, NotAfter: r.NotAfter, Renew: true}, m.old, &asked{})
	if err != nil {
		return nil, err
	}
	e.remembers = true
	ensured, err := e.all(ctx, clusters)
	if err != nil {
		return nil, err
	}
	m.add(e.issued, true)
	issued := make(map[string]Ensured)
	for _, one := range ensured {
		issued[one.Cluster] = one
	}
	return issued, nil
}

// revokeAll signs one CRL for all clusters.
func (r *revoking) revokeAll(ctx context.Context, m *mesh) error {
	var entries []x509.RevocationListEntry
	for _, p := range r.plans {
		if !p.now {
			continue
		}
		for _, a := range p.all {
			entries = append(entries, m.entriesOf(a)...)
			a.pending = nil
		}
	}
	if len(entries) == 0 {
		return nil
	}
	if err := m.nextCRL(ctx, m.issuer(), nextCRL{revoked: entries}); err != nil {
		return fmt.Errorf("the CRL of %s: %w", ca.Describe(m.issuing[0]), err)
	}
	return nil
}

// entriesOf are those of the certificates of a CA that are not in the CRL yet.
func (m *mesh) entriesOf(a *authority) []x509.RevocationListEntry {
	var entries []x509.RevocationListEntry
	for _, cert := range a.certs {
		if revocationOf(cert, m.all) == nil {
			entries = append(entries, x509.RevocationListEntry{SerialNumber: cert.SerialNumber, RevocationTime: a.pending.At, ReasonCode: a.pending.Reason})
		}
	}
	return entries
}

// report says what has become of the clusters.
func (r *revoking) report(m *mesh, issued map[string]Ensured) {
	r.done = Revocation{}
	named := make([]string, len(r.plans))
	for i, p := range r.plans {
		c := RevokedCluster{Cluster: p.cluster, Here: p.here}
		if p.now {
			c.Revoked = describeAll(p.all)
		} else {
			c.Pending = describeAll(p.all)
		}
		if one, ok := issued[p.cluster]; ok {
			c.Successor, c.EndsWithIssuer = &one.Certificate, one.EndsWithIssuer
		}
		live, pending, _ := m.intermediates(p.cluster)
		c.Without = p.cluster != "" && !p.left && len(live)+len(pending) == 0
		r.done.Clusters = append(r.done.Clusters, c)
		named[i] = p.cluster
	}
	r.done.Publication = m.publication(named...)
}

func describeAll(all []*authority) []Certificate {
	certs := make([]Certificate, len(all))
	for i, a := range all {
		certs[i] = describe(a.cert)
	}
	return certs
}
