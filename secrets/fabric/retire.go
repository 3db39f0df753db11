package fabric

import (
	"context"
	"slices"
	"time"
)

// RetireOptions adjust RetireCluster; the zero value is good.
type RetireOptions struct {
	// Revoke revokes the intermediates of the cluster at once.
	Revoke bool
	// Reason is what the CRL gives for one, if it has to; nil is [CessationOfOperation].
	Reason *Reason
	// At is that of [RevokeOptions].
	At time.Time
	// AllowIncomplete writes the sets of CRLs even if CRLs are missing.
	AllowIncomplete bool
	// DryRun checks everything and changes nothing.
	DryRun bool
}

// RetiredCluster is a cluster that has left.
type RetiredCluster struct {
	// Again reports that it had left before.
	Again bool
	// Left are its intermediates that others still take: none if they are revoked.
	Left []Certificate
	// Revoked are those that the CRL has since now.
	Revoked []Certificate
	// Others are the clusters whose sets are here, Elsewhere those whose sets are in other
	// directories.
	Others, Elsewhere []string
	// Publishes reports whether every cluster has the CRLs of all CAs; Began, whether that
	// is so since now.
	Publishes, Began bool
	// Missing is what the set lacks, which AllowIncomplete has allowed.
	Missing []MissingCRL
}

// RetireCluster lets a cluster leave the mesh: its set goes to superseded/, and it gets no other
// one unless [Fabric.Ensure] is asked for it. Its workloads are trusted until its intermediates
// expire, or are revoked. Their CRLs stay in the sets until then: proxies would refuse the
// workloads that are left without.
//
// The error is a [*ClusterNameError], a [*NoIntermediateError], or one that [Fabric.Revoke] has.
func (f *Fabric) RetireCluster(ctx context.Context, cluster string, o RetireOptions) (RetiredCluster, error) {
	revoke := RevokeOptions{Reason: CessationOfOperation, At: o.At, Immediately: true, AllowIncomplete: o.AllowIncomplete}
	if o.Reason != nil {
		revoke.Reason = *o.Reason
	}
	if err := revoke.check([]string{cluster}, f.now()); err != nil {
		return RetiredCluster{}, err
	}
	r := &retiring{RetireOptions: o, cluster: cluster, revoking: revoking{RevokeOptions: revoke}}
	err := f.changeMesh(ctx, meshChange{dryRun: o.DryRun, issues: r.plan, make: r.run})
	if err != nil {
		return RetiredCluster{}, err
	}
	return r.done, nil
}

// retiring is one call of RetireCluster.
type retiring struct {
	RetireOptions
	cluster  string
	revoking revoking
	done     RetiredCluster
}

func (r *retiring) plan(m *mesh) (bool, error) {
	live, pending, retired := m.intermediates(r.cluster)
	left := slices.Concat(live, pending)
	here := slices.Contains(m.clusters, r.cluster)
	if !here && !slices.ContainsFunc(m.all, func(a *authority) bool { return a.cluster == r.cluster }) {
		return false, &NoIntermediateError{Dir: m.Dir(), Cluster: r.cluster, Wanted: "that could be retired"}
	}
	r.done = RetiredCluster{Again: retired, Left: describeAll(left)}
	r.revoking.plans = nil
	if !r.Revoke || len(left) == 0 {
		return false, nil
	}
	p, err := r.revoking.planCluster(m, r.cluster)
	if err != nil {
		return false, err
	}
	// What is pending is not all of it, if a successor was issued.
	p.issue, p.mark, p.revoke = false, live, left
	if err := m.wantIssued(r.cluster, left); err != nil {
		return false, err
	}
	r.revoking.plans = []*revocationPlan{p}
	return true, nil
}

func (r *retiring) run(ctx context.Context, m *mesh) error {
	began := !m.config.PublishCRLs
	if err := r.leave(m); err != nil {
		return err
	}
	if len(r.revoking.plans) > 0 {
		if _, err := m.refresh(ctx, time.Time{}); err != nil {
			return err
		}
		r.revoking.mark(m)
		if err := r.revoking.revokeAll(ctx, m); err != nil {
			return err
		}
		if err := m.publishes(); err != nil {
			return err
		}
		r.done.Revoked, r.done.Left = r.done.Left, nil
	}
	r.report(m, began)
	if err := m.record(); err != nil || len(r.done.Revoked) == 0 {
		return err
	}
	return m.publishSet(publication{allowIncomplete: r.AllowIncomplete}, r.cluster)
}

// leave retires what the directory has of the cluster.
func (r *retiring) leave(m *mesh) error {
	for _, folder := range []string{clusterFolder(r.cluster), requestFolder(r.cluster)} {
		found, err := m.c.Exists(folder)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		if err := m.c.Retire(folder); err != nil {
			return err
		}
	}
	for _, a := range m.all {
		if a.cluster == r.cluster && a.retired.IsZero() && !a.ended(m.now()) {
			a.retired = m.now()
			m.touch(a)
		}
	}
	return nil
}

func (r *retiring) report(m *mesh, began bool) {
	r.done.Others = without(m.clusters, []string{r.cluster})
	r.done.Elsewhere = m.elsewhere()
	r.done.Publishes = m.config.PublishCRLs
	r.done.Began = began && r.done.Publishes
	if r.done.Publishes {
		_, r.done.Missing = crlSet(m.all, m.now())
	}
}
