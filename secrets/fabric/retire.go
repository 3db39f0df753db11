package fabric

import (
	"context"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// RetireOptions adjust Retire; the zero value is ready to use.
type RetireOptions struct {
	// Revoke revokes the intermediates of the cluster at once.
	Revoke bool
	// Reason is the reason in the CRL; nil is [mesh.ReasonCessationOfOperation], or the one that was
	// decided before.
	Reason *mesh.Reason
	// At is that of [RevokeOptions].
	At time.Time
	// Incomplete writes the CRL bundles even if CRLs are missing.
	Incomplete bool
	// DryRun checks everything and changes nothing.
	DryRun bool
}

// RetireResult is a cluster that has left the mesh.
type RetireResult struct {
	Cluster string
	// Again reports that it had left before.
	Again bool
	// Left are its intermediates that others still accept: none if they are revoked.
	Left []mesh.Summary
	// Revoked are those that the CRL has as of this change.
	Revoked []mesh.Summary
	mesh.Publication
}

// Retire lets a cluster leave the mesh: its CA bundle moves to superseded/, and it gets another one
// only by an [Fabric.Ensure] or [Fabric.Sign] with Rejoin. Its workloads are trusted until its
// intermediates expire or are revoked. Their CRLs stay in the CRL bundles until then, because
// proxies would refuse the workloads that are left without them.
//
// The error is a [*mesh.ClusterNameError], a [*mesh.NoIntermediateError], or one of [Fabric.Revoke].
func (f *Fabric) Retire(ctx context.Context, cluster string, o RetireOptions) (RetireResult, error) {
	if err := mesh.CheckCluster(cluster); err != nil {
		return RetireResult{}, err
	}
	r := &retiring{RetireOptions: o, cluster: cluster}
	if err := f.run(ctx, operation{dryRun: o.DryRun, decide: r.decide, change: r.change}, &passphrases{}); err != nil {
		return RetireResult{}, err
	}
	return r.result, nil
}

// retiring is one call of Retire.
type retiring struct {
	RetireOptions
	cluster string

	mesh   *mesh.Mesh
	plans  []*mesh.RevocationPlan // none without a revocation
	result RetireResult
}

func (r *retiring) decision() mesh.Decision {
	return mesh.Decision{Reason: r.Reason, Default: mesh.ReasonCessationOfOperation, At: r.At}
}

func (r *retiring) decide(ctx context.Context, d *directory) (needs, error) {
	var err error
	if r.mesh, err = d.mesh(ctx); err != nil {
		return needs{}, err
	}
	if err := r.decision().Check(d.now); err != nil {
		return needs{}, err
	}
	if err := r.mesh.CheckKnown(r.cluster); err != nil {
		return needs{}, err
	}
	found := r.mesh.Intermediates(r.cluster)
	r.result = RetireResult{Cluster: r.cluster, Again: !found.Left.IsZero(), Left: found.Accepted()}
	if !r.Revoke || len(r.result.Left) == 0 {
		r.plans = nil
		return needs{}, nil
	}
	r.plans, err = r.mesh.PlanRevocation([]string{r.cluster}, mesh.Leave)
	return needs{issuerKey: true}, err
}

func (r *retiring) change(ctx context.Context, d *directory) error {
	if err := r.leave(d); err != nil {
		return err
	}
	if len(r.plans) > 0 {
		if err := r.revoke(ctx, d); err != nil {
			return err
		}
	}
	if err := d.writeRecords(r.mesh); err != nil {
		return err
	}
	if len(r.plans) > 0 {
		if err := d.publish(r.mesh, nil, r.Incomplete); err != nil {
			return err
		}
	}
	r.result.Publication = r.mesh.Publication()
	return nil
}

// leave moves what the directory has of the cluster to superseded/.
func (r *retiring) leave(d *directory) error {
	for _, folder := range []string{clusterFolder(r.cluster), requestFolder(r.cluster)} {
		found, err := d.files.Exists(folder)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		if err := d.files.Retire(folder); err != nil {
			return err
		}
	}
	return r.mesh.Retire(r.cluster)
}

func (r *retiring) revoke(ctx context.Context, d *directory) error {
	if _, err := d.refresh(ctx, r.mesh, time.Time{}); err != nil {
		return err
	}
	entries := r.mesh.Decide(r.plans, r.decision())
	if err := d.signCRL(ctx, r.mesh.Issuer(), ca.CRLOptions{Revoked: entries}); err != nil {
		return err
	}
	r.result.Left, r.result.Revoked = nil, r.plans[0].Summaries()
	return nil
}
