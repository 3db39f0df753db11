package fabric

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"
)

// RetireOptions adjust RetireCluster; the zero value is good.
type RetireOptions struct {
	// Revoke revokes the intermediates of the cluster at once.
	Revoke bool
	// Reason is what the CRL gives for one, if it has to; nil is [ReasonCessationOfOperation], or
	// of what is pending what was decided before.
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
	Publication
}

// RetireCluster lets a cluster leave the mesh: its set goes to superseded/, and it gets no other
// one unless [Fabric.Ensure] or [Fabric.Sign] is told that it comes back. Its workloads are
// trusted until its intermediates expire, or are revoked. Their CRLs stay in the sets until then: proxies would refuse the
// workloads that are left without.
//
// The error is a [*ClusterNameError], a [*NoIntermediateError], or one that [Fabric.Revoke] has.
func (f *Fabric) RetireCluster(ctx context.Context, cluster string, o RetireOptions) (RetiredCluster, error) {
	if err := CheckCluster(cluster); err != nil {
		return RetiredCluster{}, err
	}
	revoke := RevokeOptions{Reason: o.Reason, At: o.At, AllowIncomplete: o.AllowIncomplete}
	if err := revoke.check(f.now()); err != nil {
		return RetiredCluster{}, err
	}
	r := &retiring{RetireOptions: o, cluster: cluster}
	r.revoking = revoking{RevokeOptions: revoke, reason: ReasonCessationOfOperation, leaves: true}
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

func (r *retiring) plan(m *mesh) (revokes bool, err error) {
	live, pending, retired := m.intermediates(r.cluster)
	left := slices.Concat(pending, live)
	here := slices.Contains(m.clusters, r.cluster)
	if !here && !slices.ContainsFunc(m.all, func(a *authority) bool { return a.cluster == r.cluster }) {
		return false, &NoIntermediateError{Dir: m.Dir(), Cluster: r.cluster, Wanted: "that could be retired"}
	}
	r.done = RetiredCluster{Again: retired, Left: describeAll(left)}
	r.revoking.plans = nil
	if !r.Revoke || len(left) == 0 {
		return false, nil
	}
	return true, r.revoking.plan(m, []string{r.cluster})
}

func (r *retiring) run(ctx context.Context, m *mesh) error {
	if err := r.leave(m); err != nil {
		return err
	}
	if len(r.revoking.plans) == 0 {
		r.done.Publication = m.publication()
		return m.record()
	}
	if err := r.revoking.run(ctx, m); err != nil {
		return err
	}
	r.done.Left, r.done.Revoked = nil, r.revoking.done.Clusters[0].Revoked
	r.done.Publication = m.publication()
	return nil
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
	m.clusters = without(m.clusters, []string{r.cluster})
	for _, a := range m.all {
		if a.cluster == r.cluster && a.retired.IsZero() {
			a.retired = m.now()
			m.touch(a)
		}
	}
	return nil
}

// RetiredError says that a cluster has left the mesh. It comes back only if that is asked for.
type RetiredError struct {
	Dir, Cluster string
	Since        time.Time
}

func (e *RetiredError) Error() string {
	return fmt.Sprintf("%s: cluster %s left the mesh at %s", e.Dir, e.Cluster, e.Since.UTC().Format(time.RFC3339))
}

// wantNotRetired refuses a cluster that has left the mesh, and has not come back since: the
// newest of its intermediates are retired. The error is a [*RetiredError].
func (f *Fabric) wantNotRetired(cluster string, all []*authority) error {
	var newest *x509.Certificate
	var since time.Time
	for _, a := range all {
		if a.cluster != cluster || newest != nil && a.cert.NotBefore.Before(newest.NotBefore) {
			continue
		}
		if newest == nil || a.cert.NotBefore.After(newest.NotBefore) || a.retired.IsZero() {
			newest, since = a.cert, a.retired
		}
	}
	if since.IsZero() {
		return nil
	}
	return &RetiredError{Dir: f.Dir(), Cluster: cluster, Since: since}
}
