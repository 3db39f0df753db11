package main

import (
	"slices"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/rollout"
)

// What the results of package fabric mean for the clusters. A dry run changes nothing for them.

func published(p fabric.Publication) rollout.Change {
	return rollout.Change{Publishes: p.Publishes, FirstPublication: p.Began, Unchanged: p.Others, Remote: p.Elsewhere}
}

func ensureChange(r fabric.Result) rollout.Change {
	change := published(r.Publication)
	for _, e := range r.Clusters {
		switch e.Action {
		case fabric.Created:
			change.Created = append(change.Created, e.Cluster)
		case fabric.Renewed:
			change.Replaced = append(change.Replaced, e.Cluster)
		}
	}
	return change
}

// revocationChange is about clusters, or about single certificates, which no cluster uses.
func revocationChange(r fabric.Revocation, certificates bool) rollout.Change {
	change := published(r.Publication)
	change.Revokes = !slices.ContainsFunc(r.Clusters, func(e fabric.RevokedCluster) bool { return len(e.Pending) > 0 })
	for _, e := range r.Clusters {
		pending := len(e.Pending) > 0
		if pending {
			change.Pending = append(change.Pending, e.Cluster)
		}
		switch {
		case e.Without, pending && !e.Here:
			change.WithoutCA = append(change.WithoutCA, e.Cluster)
		case pending, e.Here && change.Revokes && !certificates:
			change.Replaced = append(change.Replaced, e.Cluster)
		case e.Here:
			change.Unchanged = append(change.Unchanged, e.Cluster)
		}
		if change.Revokes && e.Successor != nil {
			change.Cut = append(change.Cut, e.Cluster)
		}
	}
	change.Remote = slices.DeleteFunc(slices.Clone(change.Remote), func(c string) bool { return slices.Contains(change.WithoutCA, c) })
	return change
}

func retireChange(r fabric.RetiredCluster) rollout.Change {
	if len(r.Revoked) == 0 {
		return rollout.Change{}
	}
	change := published(r.Publication)
	change.Revokes = true
	return change
}

func refreshChange(r fabric.Refreshed) rollout.Change {
	if !r.Changed {
		return rollout.Change{}
	}
	return published(r.Publication)
}

func importChange(r fabric.ImportedCRLs) rollout.Change {
	if !r.Changed || !r.Written {
		return rollout.Change{}
	}
	return published(r.Publication)
}

// reportPublication is about the CRL bundles of all clusters.
func reportPublication(t *term.Terminal, p fabric.Publication, dryRun bool) {
	for _, m := range p.Missing {
		t.Warn("%s: until it is imported, proxies with the CRL bundle refuse its chains", m)
	}
	if p.Began && !dryRun {
		t.Note("CRLs are published as of this change: every cluster has those of all CAs")
	}
}
