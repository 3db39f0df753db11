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

	// SignedRemotely reports that another directory signed the intermediates in Created and
	// Replaced, and does not have their CRLs.
	SignedRemotely bool

	// Pending are the clusters whose old intermediates are going to be revoked.
	Pending []string
	// Revokes reports that intermediates are revoked by this change.
	Revokes bool
	// Cut are the clusters whose workloads have certificates of an intermediate that is revoked by
	// this change, and that have a new one.
	Cut []string
	// WithoutCA are the clusters in other directories that need another intermediate: the one
	// that they have is revoked, or going to be.
	WithoutCA []string
}

// Reasons that steps give.
const (
	whyCRLsFirst = "proxies refuse a chain without the CRL of its CA, so they need the CRLs of new intermediates first"
	whySigner    = "the directory that signed passes the CRL on to the other clusters, which need it first"
	whyRemote    = "the CA bundle is there"
	whyProxies   = "kubelets sync mounted Secrets within about a minute, without a guarantee"
	whyNewCA     = "the intermediate is new"
	whyRevoked   = "proxies accept a revoked intermediate until they have the CRL that revokes it"
	whyCRLs      = "the CRLs are new"
	whyReissue   = "the key is in another directory, and the old intermediate has no successor"
	whyRestart   = "a sidecar that started without CRLs reads none until it restarts"
	whyCut       = "other clusters refuse them until they have certificates of the new intermediate"
	whyRenewal   = "certificates of workloads live 24 hours by default; a restart renews them at once"
	whyFinish    = "proxies accept the old intermediate until it is revoked"
)

// Plan orders a change.
func Plan(c Change) []Step {
	var p plan
	isPending := len(c.Pending) > 0
	if isPending && c.Revokes { // what is revoked now does not wait for what is pending
		p.bringCRLs(whyRevoked, sorted(c.Unchanged, c.Replaced), c.Remote)
	}
	if isPending {
		p.add(Reissue, whyReissue, c.WithoutCA)
	}
	switch {
	case isPending || !c.Revokes && len(c.Created)+len(c.Replaced) > 0:
		p.issue(c)
	case c.Revokes:
		p.revoke(c)
	case c.Publishes:
		p.bringCRLs(whyCRLs, c.Unchanged, c.Remote)
	}
	if c.FirstPublication {
		p.add(RestartWorkloads, whyRestart, c.Unchanged, c.Created, c.Replaced, c.Remote, c.WithoutCA)
	}
	p.add(WaitRenewal, whyRenewal, c.Pending)
	p.add(Finish, whyFinish, c.Pending)
	return p
}

type plan []Step

// add appends a step, unless there is no cluster for it.
func (p *plan) add(kind Kind, why string, clusters ...[]string) {
	p.append(Step{Kind: kind, Clusters: sorted(clusters...), Why: why})
}

func (p *plan) addRemote(kind Kind, why string, clusters ...[]string) {
	p.append(Step{Kind: kind, Clusters: sorted(clusters...), Remote: true, Why: why})
}

func (p *plan) append(s Step) {
	if len(s.Clusters) > 0 {
		*p = append(*p, s)
	}
}

// bringCRLs brings the CRL bundle to local and remote clusters.
func (p *plan) bringCRLs(why string, local, remote []string) {
	p.add(ApplyCRLs, why, local)
	p.add(Exchange, whyRemote, remote)
	p.addRemote(ApplyCRLs, why, remote)
}

// issue brings the CRLs of new intermediates to all clusters that can meet one, before any
// cluster gets its new intermediate. A single cluster that gets one needs no CRLs ahead of it,
// and one that gets its first one has no proxies yet. At the first publication nobody has to
// wait: a proxy has no CRLs, or all of them.
func (p *plan) issue(c Change) {
	if c.Publishes {
		if c.SignedRemotely {
			*p = append(*p, Step{Kind: Exchange, Why: whySigner})
		}
		ahead, remote := c.Unchanged, sorted(c.Remote, c.WithoutCA)
		if len(c.Created)+len(c.Replaced)+len(c.WithoutCA) > 1 {
			ahead = sorted(c.Unchanged, c.Replaced)
		}
		p.bringCRLs(whyCRLsFirst, ahead, remote)
		if !c.FirstPublication {
			p.add(WaitProxies, whyProxies, ahead, remote)
		}
	}
	p.add(ApplySecret, whyNewCA, c.Created, c.Replaced)
	p.addRemote(ApplySecret, whyNewCA, c.WithoutCA)
}

// revoke brings the CRL that revokes to all clusters at once: waiting would only give a stolen
// key more time.
func (p *plan) revoke(c Change) {
	p.add(ApplySecret, whyRevoked, c.Created, c.Replaced)
	p.bringCRLs(whyRevoked, c.Unchanged, sorted(c.Remote, c.WithoutCA))
	if !c.FirstPublication { // which restarts all
		p.add(RestartWorkloads, whyCut, c.Cut)
	}
	p.add(Reissue, whyReissue, c.WithoutCA)
	p.addRemote(ApplySecret, whyNewCA, c.WithoutCA)
}

func sorted(clusters ...[]string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(clusters...))))
}
