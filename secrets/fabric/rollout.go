package fabric

import (
	"slices"

	"github.com/trustgen/trustgen/secrets/mesh"
	"github.com/trustgen/trustgen/secrets/rollout"
)

// changeOf is what a publication means for clusters that keep their intermediates.
func changeOf(p mesh.Publication) rollout.Change {
	return rollout.Change{Publishes: p.Publishes, FirstPublication: p.First, Unchanged: slices.Clone(p.Others), Remote: p.Remote}
}

// Rollout is the order in which the clusters get what Ensure issued.
func (r EnsureResult) Rollout() []rollout.Step {
	c := changeOf(r.Publication)
	for _, one := range r.Clusters {
		switch one.Action {
		case Created:
			c.Created = append(c.Created, one.Cluster)
		case Renewed:
			c.Replaced = append(c.Replaced, one.Cluster)
		}
	}
	return rollout.Plan(c)
}

// Revokes reports whether a CA is revoked as of this change.
func (r RevokeResult) Revokes() bool {
	return slices.ContainsFunc(r.Clusters, func(c RevokedCluster) bool { return len(c.Revoked) > 0 })
}

// Rollout is the order in which the clusters get the CRLs, and the successors of what is revoked.
func (r RevokeResult) Rollout() []rollout.Step {
	c := changeOf(r.Publication)
	c.Revokes = r.Revokes()
	for _, one := range r.Clusters {
		isPending := len(one.Pending) > 0
		switch {
		case one.Cluster == "":
		case isPending:
			c.Pending = append(c.Pending, one.Cluster)
		case one.Successor != nil:
			c.Cut = append(c.Cut, one.Cluster)
		}
		switch {
		case one.NewBundle:
			c.Replaced = append(c.Replaced, one.Cluster)
		case one.Local:
			c.Unchanged = append(c.Unchanged, one.Cluster)
		case isPending || one.CutOff:
			c.WithoutCA = append(c.WithoutCA, one.Cluster)
		}
	}
	c.Remote = slices.DeleteFunc(slices.Clone(c.Remote), func(cluster string) bool { return slices.Contains(c.WithoutCA, cluster) })
	return rollout.Plan(c)
}

// Rollout is the order in which the clusters get the CRL that revokes the retired intermediates.
func (r RetireResult) Rollout() []rollout.Step {
	if len(r.Revoked) == 0 {
		return nil
	}
	c := changeOf(r.Publication)
	c.Revokes = true
	return rollout.Plan(c)
}

// Rollout is the order in which the clusters get the CRL bundle.
func (r RefreshCRLsResult) Rollout() []rollout.Step {
	if !r.Changed {
		return nil
	}
	return rollout.Plan(changeOf(r.Publication))
}

// Rollout is the order in which the clusters get the CRL bundle.
func (r ImportCRLsResult) Rollout() []rollout.Step {
	if !r.Written || !r.Changed {
		return nil
	}
	c := changeOf(r.Publication)
	c.Revokes = len(r.Revoked) > 0
	return rollout.Plan(c)
}

// Rollout is the order in which the cluster gets its bundle: after its CRL has reached the
// directory that signed, and every cluster, if CRLs are published.
func (r InstallResult) Rollout() []rollout.Step {
	c := changeOf(r.Publication)
	c.SignedRemotely = true
	switch r.Action {
	case Created:
		c.Created = []string{r.Cluster}
	case Renewed:
		c.Replaced = []string{r.Cluster}
	case Kept:
		if !r.Changed {
			return nil
		}
		c.Unchanged, c.Revokes = append(c.Unchanged, r.Cluster), len(r.Revoked) > 0
	}
	return rollout.Plan(c)
}
