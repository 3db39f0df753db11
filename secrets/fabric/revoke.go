package fabric

import (
	"context"
	"slices"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// RevokeOptions adjust Revoke; the zero value is ready to use.
type RevokeOptions struct {
	// Reason is the reason in the CRL; nil is [mesh.ReasonUnspecified], or the one that was decided
	// before.
	Reason *mesh.Reason
	// At is when the intermediates ceased to be trusted, cut to the second: not in the future.
	// Zero means now, or the time that was decided before. Verifiers refuse them whatever it says.
	At time.Time
	// Now revokes at once: other clusters refuse the workloads of the cluster until these have
	// certificates of the successor.
	Now bool
	// KeyType of the successors; zero is that of [EnsureOptions].
	KeyType ca.KeyType
	// NotAfter is the end of the successors; zero is that of [EnsureOptions].
	NotAfter time.Time
	// Incomplete writes the CRL bundles even if CRLs are missing.
	Incomplete bool
	// DryRun checks everything and changes nothing. Successors in the result are not those that a
	// real run would make.
	DryRun bool
}

// RevokeResult is what Revoke, FinishRevocation or RevokeCertificates did.
type RevokeResult struct {
	// Clusters are in the order of the arguments.
	Clusters []RevokedCluster
	mesh.Publication
}

// RevokedCluster is a cluster after a revocation.
type RevokedCluster struct {
	// Cluster is empty for a CA that is of none.
	Cluster string
	// Local reports whether the CA bundle of the cluster is in this directory.
	Local bool
	// NewBundle reports that the cluster may not have its current intermediate yet, so that it needs
	// its whole CA bundle.
	NewBundle bool
	// Successor is the intermediate that was issued, nil if none was.
	Successor *mesh.Summary
	// EndsWithIssuer reports that the life of the successor is cut, see [ClusterResult].
	EndsWithIssuer bool
	// CutOff reports that the cluster is in the mesh and has no usable intermediate any more: its
	// key is in another directory, so that there is no successor.
	CutOff bool
	// Pending are the intermediates whose revocation waits for [Fabric.FinishRevocation]: every
	// proxy still accepts them.
	Pending []mesh.Summary
	// Revoked are those that the CRL has as of this change.
	Revoked []mesh.Summary
}

// Revoke begins the revocation of all intermediates that clusters have had. Revoking at once would
// be an outage, so Revoke first issues a successor, if the key of the cluster is in this directory,
// and brings the CRL of the successor to every cluster. The revocation is recorded as pending. When
// every cluster has its bundle, and the workloads have certificates of the successor,
// [Fabric.FinishRevocation] revokes. While it is pending, Revoke changes only a reason and a time
// that are given.
//
// With Now, and for a cluster that was retired, all of it happens at once: what is pending is
// revoked, and all intermediates if nothing is. CRLs are published from then on, see
// [Fabric.RefreshCRLs].
//
// The error is a [*mesh.NoIntermediateError], a [*mesh.ForeignIssuerError], a
// [*mesh.IncompleteError], or one of those of [Fabric.Ensure] that concern issuing.
func (f *Fabric) Revoke(ctx context.Context, clusters []string, o RevokeOptions) (RevokeResult, error) {
	mode := mesh.SuccessorFirst
	if o.Now {
		mode = mesh.AtOnce
	}
	r := &revoking{
		RevokeOptions: o, decision: mesh.Decision{Reason: o.Reason, At: o.At},
		plan: func(m *mesh.Mesh) ([]*mesh.RevocationPlan, error) { return m.PlanRevocation(clusters, mode) },
	}
	return f.revoke(ctx, r)
}

// FinishRevocationOptions adjust FinishRevocation; the zero value is ready to use.
type FinishRevocationOptions struct {
	// Incomplete writes the CRL bundles even if CRLs are missing.
	Incomplete bool
	// DryRun checks everything and changes nothing.
	DryRun bool
}

// FinishRevocation revokes the intermediates of clusters whose revocation is pending, when every
// cluster has the CRL of their successors and the workloads have certificates of those. A cluster
// may be given more than once, as by whoever collects the clusters of all pending CAs.
//
// The error is a [*mesh.NoIntermediateError] if nothing is pending, a [*mesh.NoSuccessorError] if
// the cluster would be left without an intermediate, or one of [Fabric.Revoke].
func (f *Fabric) FinishRevocation(ctx context.Context, clusters []string, o FinishRevocationOptions) (RevokeResult, error) {
	clusters = unique(clusters)
	r := &revoking{
		RevokeOptions: RevokeOptions{Incomplete: o.Incomplete, DryRun: o.DryRun},
		plan:          func(m *mesh.Mesh) ([]*mesh.RevocationPlan, error) { return m.PlanRevocation(clusters, mesh.Finish) },
	}
	return f.revoke(ctx, r)
}

// unique keeps the first of equal names.
func unique(names []string) []string {
	var all []string
	for _, name := range names {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// RevokeCertificatesOptions adjust RevokeCertificates; the zero value is ready to use.
type RevokeCertificatesOptions struct {
	// Reason and At are those of [RevokeOptions].
	Reason *mesh.Reason
	At     time.Time
	// Incomplete writes the CRL bundles even if CRLs are missing.
	Incomplete bool
	// DryRun checks everything and changes nothing.
	DryRun bool
}

// RevokeCertificates revokes CAs at once, by the subjects or fingerprints in [mesh.Summary]. It is
// for CAs that no cluster uses: a cross-certificate, or an intermediate that was signed and never
// installed, whose CRL would be missing until it expires. CRLs are published from then on, see
// [Fabric.RefreshCRLs].
//
// The error is a [*mesh.NoCertificateError], an [*mesh.AboveError] for the root and the CA that
// issues, a [*mesh.ForeignIssuerError], a [*mesh.NoSuccessorError] if a cluster of the mesh would be
// left without an intermediate, or one of [Fabric.Revoke].
func (f *Fabric) RevokeCertificates(ctx context.Context, names []string, o RevokeCertificatesOptions) (RevokeResult, error) {
	r := &revoking{
		RevokeOptions: RevokeOptions{Incomplete: o.Incomplete, DryRun: o.DryRun}, decision: mesh.Decision{Reason: o.Reason, At: o.At}, single: true,
		plan: func(m *mesh.Mesh) ([]*mesh.RevocationPlan, error) { return m.PlanCertificates(names) },
	}
	return f.revoke(ctx, r)
}

func (f *Fabric) revoke(ctx context.Context, r *revoking) (RevokeResult, error) {
	r.fabric = f
	err := f.run(ctx, operation{dryRun: r.DryRun, decide: r.decide, change: r.change}, &passphrases{})
	if err != nil {
		return RevokeResult{}, err
	}
	return r.result, nil
}

// revoking is one call that revokes.
type revoking struct {
	RevokeOptions
	fabric   *Fabric
	decision mesh.Decision
	single   bool // CAs are revoked, not clusters
	plan     func(*mesh.Mesh) ([]*mesh.RevocationPlan, error)

	mesh   *mesh.Mesh
	plans  []*mesh.RevocationPlan
	result RevokeResult
}

func (r *revoking) decide(ctx context.Context, d *directory) (needs, error) {
	var err error
	if r.mesh, err = d.mesh(ctx); err != nil {
		return needs{}, err
	}
	if err := r.decision.Check(d.now); err != nil {
		return needs{}, err
	}
	if r.plans, err = r.plan(r.mesh); err != nil {
		return needs{}, err
	}
	if slices.ContainsFunc(r.plans, func(p *mesh.RevocationPlan) bool { return p.Successor || p.Now }) {
		return needs{issuerKey: true}, nil
	}
	signs, err := d.needsIssuerKey(r.mesh, time.Time{})
	return needs{issuerKey: signs}, err
}

func (r *revoking) change(ctx context.Context, d *directory) error {
	if _, err := d.refresh(ctx, r.mesh, time.Time{}); err != nil {
		return err
	}
	successors, err := r.issueSuccessors(ctx, d)
	if err != nil {
		return err
	}
	if entries := r.mesh.Decide(r.plans, r.decision); len(entries) > 0 {
		if err := d.signCRL(ctx, r.mesh.Issuer(), ca.CRLOptions{Revoked: entries}); err != nil {
			return err
		}
	}
	if err := d.writeRecords(r.mesh); err != nil {
		return err
	}
	written := make([]string, 0, len(successors))
	for cluster := range successors {
		written = append(written, cluster)
	}
	if err := d.publish(r.mesh, written, r.Incomplete); err != nil {
		return err
	}
	r.describe(successors)
	return nil
}

// issueSuccessors issues what takes the place of revoked intermediates, by cluster.
func (r *revoking) issueSuccessors(ctx context.Context, d *directory) (map[string]ClusterResult, error) {
	var clusters []string
	for _, p := range r.plans {
		if p.Successor {
			clusters = append(clusters, p.Cluster)
		}
	}
	if len(clusters) == 0 {
		return nil, nil
	}
	if err := r.mesh.CheckIssuing(); err != nil {
		return nil, err
	}
	issuance, err := r.fabric.newIssuance(d, r.mesh, r.KeyType, r.NotAfter)
	if err != nil {
		return nil, err
	}
	issuance.keep = true
	issued := make([]ClusterResult, len(clusters))
	err = forEach(ctx, clusters, func(ctx context.Context, i int, cluster string) (err error) {
		issued[i], err = issuance.issue(ctx, cluster, Renewed)
		return err
	})
	if err != nil {
		return nil, err
	}
	successors := make(map[string]ClusterResult, len(issued))
	for _, one := range issued {
		successors[one.Cluster] = one
	}
	return successors, issuance.record()
}

// describe reports what became of the clusters.
func (r *revoking) describe(successors map[string]ClusterResult) {
	r.result = RevokeResult{}
	named := make([]string, len(r.plans))
	for i, p := range r.plans {
		named[i] = p.Cluster
		c := RevokedCluster{Cluster: p.Cluster, Local: p.Local, NewBundle: p.Local && !r.single, CutOff: r.mesh.IsCutOff(p)}
		if p.Now {
			c.Revoked = p.Summaries()
		} else {
			c.Pending = p.Summaries()
		}
		if one, ok := successors[p.Cluster]; ok {
			c.Successor, c.EndsWithIssuer = &one.Certificate, one.EndsWithIssuer
		}
		r.result.Clusters = append(r.result.Clusters, c)
	}
	r.result.Publication = r.mesh.Publication(named...)
}
