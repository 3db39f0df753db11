package rollout

import "slices"

// Change is what a change of the trust directory means for the clusters. A cluster stands in
// one of Unchanged, Created and Replaced if its CA bundle is in this directory, and in Remote
// if it is in another one.
type Change struct {
	// Publishes reports that every cluster has the CRLs of all CAs.
	Publishes bool
	// FirstPublication reports that this is so as of this change.
	FirstPublication bool
	// Unchanged have a new CRL bundle, and keep their intermediate.
	Unchanged []string
	// Created have their first intermediate.
	Created []string
	// Replaced have another intermediate than before.
	Replaced []string
	// Remote are the clusters whose CA bundles are in other directories.
	Remote []string

	// Pending are the clusters whose old intermediates are going to be revoked.
	Pending []string
	// Revokes reports that intermediates are revoked by this change.
	Revokes bool
	// Cut are the clusters that have lost the intermediate of their workloads by that, and have a
	// new one.
	Cut []string
	// WithoutCA are the clusters in other directories that need another intermediate: the one
	// that they have is revoked, or going to be.
	WithoutCA []string
}

// Reasons that steps give.
const (
	whyCRLsFirst   = "proxies refuse a chain whose CA has no CRL in their bundle, so they need those of the new intermediates before they meet one"
	whyRemote      = "their CA bundles are in other directories"
	whyPropagation = "kubelets sync mounted Secrets within about a minute, without a guarantee"
	whyNewCA       = "their intermediates are new"
	whyRevoked     = "proxies accept a revoked intermediate until they have the CRL that revokes it"
	whyCRLs        = "their CRL bundles are new"
	whyReissue     = "their keys are in other directories, and their intermediates have no successor here"
	whyRestart     = "a sidecar that started without CRLs reads none until it restarts"
	whyCut         = "other clusters refuse their workloads until these have certificates of the new intermediates"
	whyRenewal     = "workloads have certificates of the old intermediates for up to 24 hours, longer if their certificates live longer; a restart renews them at once"
	whyFinish      = "proxies accept the old intermediates until they are revoked"
)

// Plan orders a change.
func Plan(c Change) []Step {
	var p plan
	if len(c.Pending) > 0 {
		p.add(Reissue, whyReissue, c.WithoutCA)
	}
	switch {
	case c.Revokes && len(c.Pending) == 0:
		p.revoke(c)
	case len(c.Created)+len(c.Replaced)+len(c.Pending) > 0:
		p.issue(c)
	case c.Publishes:
		p.add(ApplyCRLs, whyCRLs, c.Unchanged)
		p.add(Exchange, whyRemote, c.Remote)
	}
	if c.FirstPublication {
		p.add(RestartWorkloads, whyRestart, c.Unchanged, c.Created, c.Replaced, c.Remote)
	}
	p.add(WaitRenewal, whyRenewal, c.Pending)
	p.add(Finish, whyFinish, c.Pending)
	return p
}

type plan []Step

// add appends a step, unless there is no cluster for it.
func (p *plan) add(kind Kind, why string, clusters ...[]string) {
	if all := sorted(clusters...); len(all) > 0 {
		*p = append(*p, Step{Kind: kind, Clusters: all, Why: why})
	}
}

// issue brings the CRLs of new intermediates to all clusters that can meet one, before any
// cluster gets its new intermediate. A single cluster that gets one needs no CRLs ahead of it,
// and one that gets its first one has no proxies yet.
func (p *plan) issue(c Change) {
	issued := sorted(c.Created, c.Replaced)
	if c.Publishes {
		ahead := c.Unchanged
		if len(issued) > 1 {
			ahead = sorted(c.Unchanged, c.Replaced)
		}
		p.add(ApplyCRLs, whyCRLsFirst, ahead)
		p.add(Exchange, whyRemote, c.Remote)
		p.add(WaitProxies, whyPropagation, ahead, c.Remote)
	}
	p.add(ApplySecret, whyNewCA, issued)
	p.add(Exchange, whyNewCA, c.WithoutCA)
}

// revoke brings the CRL that revokes to all clusters at once: waiting would only give a stolen
// key more time.
func (p *plan) revoke(c Change) {
	p.add(ApplySecret, whyRevoked, c.Created, c.Replaced)
	p.add(ApplyCRLs, whyRevoked, c.Unchanged)
	p.add(Exchange, whyRemote, c.Remote, c.WithoutCA)
	p.add(RestartWorkloads, whyCut, c.Cut)
	p.add(Reissue, whyReissue, c.WithoutCA)
}

func sorted(clusters ...[]string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(clusters...))))
}
