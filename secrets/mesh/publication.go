package mesh

import "slices"

// Publish has CRLs published from now on. It changes the mesh, and reports whether that is new.
func (m *Mesh) Publish() bool {
	if m.PublishCRLs {
		return false
	}
	m.PublishCRLs, m.firstPublication = true, true
	return true
}

// Publication is the state of the CRLs after a change, and the clusters that need them.
type Publication struct {
	// Publishes reports whether every cluster has the CRLs of all CAs; the rest is about them.
	Publishes bool
	// First reports that this is so as of this change.
	First bool
	// Others are the local clusters that the change is not about.
	Others []string
	// Remote are the clusters with a usable intermediate whose CA bundle is in another directory.
	Remote []string
	// Missing are the CAs whose CRLs are missing in the bundle, which was allowed.
	Missing []MissingCRL
}

// Publication is about all clusters but some.
func (m *Mesh) Publication(except ...string) Publication {
	p := Publication{Publishes: m.PublishCRLs, First: m.firstPublication, Others: m.ClustersExcept(except), Remote: m.RemoteClusters()}
	if p.Publishes {
		p.Missing = m.CRLBundle().Missing
	}
	return p
}

// ClustersExcept are the local clusters without some.
func (m *Mesh) ClustersExcept(some []string) []string {
	left := set(some)
	return slices.DeleteFunc(m.Clusters(), func(cluster string) bool { return left[cluster] })
}
