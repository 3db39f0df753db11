package mesh

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// Bundle is a CA bundle that a cluster has, or had, in this place.
type Bundle struct {
	Cluster string
	// Path is its folder in the place, for messages and for whoever looks for its key.
	Path string
	// Current reports that the cluster has it now. A cluster has at most one such bundle.
	Current bool
	// Chain begins with the intermediate of the cluster. It is empty if nothing in the bundle
	// can be read.
	Chain []*x509.Certificate
	// Damaged reports that no certificate identifies the CA of the bundle any more.
	Damaged bool
}

// Contents are what one place holds of a mesh.
type Contents struct {
	Settings
	// Issuing is the chain from the CA that issues to the root: at least the root.
	Issuing []*x509.Certificate
	// Clusters are the local ones: they have a current bundle, possibly a damaged one.
	Clusters []string
	// Bundles are all of them, a current one before the superseded ones of its cluster.
	Bundles []Bundle
	// Recorded are the CAs that have a record. New takes them over.
	Recorded []*CA
}

// Mesh is what one place knows of the CAs of a mesh at one instant. Several goroutines may
// read it; a method that changes it says so.
type Mesh struct {
	Settings
	// Now is the instant that everything is about.
	Now time.Time
	// Root is the root of the mesh.
	Root *x509.Certificate
	// Issuing is the chain from the CA that issues to the root.
	Issuing []*x509.Certificate

	cas      []*CA // sorted, see sort
	known    index // of all CAs
	clusters []string
	local    map[string]bool    // of clusters
	bundles  []Bundle           // see Contents
	bundleOf map[string]*Bundle // by the IDs of their CAs, a current one before others
	above    map[string]bool    // the IDs of the CAs above the local clusters

	firstPublication bool // CRLs are published as of this change
}

// New makes a mesh of what a place holds. A CA without a record is discovered in the bundles
// and in the chain of the CA that issues.
func New(c Contents, now time.Time) *Mesh {
	m := &Mesh{
		Settings: c.Settings, Now: now, Root: c.Issuing[len(c.Issuing)-1], Issuing: c.Issuing,
		known: newIndex(len(c.Recorded)), clusters: slices.Clone(c.Clusters), local: set(c.Clusters), bundles: c.Bundles,
		bundleOf: make(map[string]*Bundle, len(c.Bundles)), above: make(map[string]bool),
	}
	all := make(map[string]*CA, len(c.Recorded))
	for _, a := range c.Recorded {
		all[a.id] = a
	}
	discover := func(cluster string, cert *x509.Certificate) {
		if a := all[KeyID(cert)]; a != nil {
			a.add(cert)
			return
		}
		a := NewCA(cluster, cert)
		a.changed = true
		all[a.id] = a
	}
	for i := range c.Bundles {
		m.place(&c.Bundles[i], discover)
	}
	for _, cert := range c.Issuing {
		discover("", cert)
		m.above[KeyID(cert)] = true
	}
	m.cas = slices.Collect(maps.Values(all))
	m.sort()
	for _, a := range m.cas {
		a.forgetExpired(now)
		m.known.add(a)
	}
	return m
}

// place records where the CAs of a bundle stand.
func (m *Mesh) place(b *Bundle, discover func(cluster string, cert *x509.Certificate)) {
	for i, cert := range b.Chain {
		switch {
		case i > 0:
			discover("", cert)
			if b.Current {
				m.above[KeyID(cert)] = true
			}
		default:
			discover(b.Cluster, cert)
			if id := KeyID(cert); m.bundleOf[id] == nil {
				m.bundleOf[id] = b
			}
		}
	}
}

// sort puts the root first, then the CAs above the clusters and of other meshes, then those of
// the clusters by their names, the newest first.
func (m *Mesh) sort() { slices.SortFunc(m.cas, m.compare) }

// insert puts a CA in its place.
func (m *Mesh) insert(a *CA) {
	i, _ := slices.BinarySearchFunc(m.cas, a, m.compare)
	m.cas = slices.Insert(m.cas, i, a)
}

// move makes a change of a CA that may give it another place.
func (m *Mesh) move(a *CA, change func()) {
	if i, found := slices.BinarySearchFunc(m.cas, a, m.compare); found {
		m.cas = slices.Delete(m.cas, i, i+1)
	}
	change()
	m.insert(a)
}

func (m *Mesh) compare(a, b *CA) int {
	rank := func(a *CA) int {
		if a.Has(m.Root) {
			return 0
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(rank(a), rank(b)),
		strings.Compare(a.Cluster, b.Cluster),
		b.Certificate().NotBefore.Compare(a.Certificate().NotBefore),
		strings.Compare(a.id, b.id),
	)
}

// CAs are those of the mesh, ended ones included: the root first, then the CAs above the
// clusters and of other meshes, then those of the clusters by their names, the newest first.
func (m *Mesh) CAs() []*CA { return slices.Clone(m.cas) }

// CA finds the CA that a certificate certifies, nil if it is not known.
func (m *Mesh) CA(cert *x509.Certificate) *CA { return m.known.byKey[KeyID(cert)] }

// Issuer is the CA that issues.
func (m *Mesh) Issuer() *CA { return m.CA(m.Issuing[0]) }

// IsIssuer reports whether a CA is the one that issues.
func (m *Mesh) IsIssuer(a *CA) bool { return a == m.Issuer() }

// IsNamed reports whether a CA of the mesh has the subject of a certificate.
func (m *Mesh) IsNamed(cert *x509.Certificate) bool {
	return len(m.known.byName[string(cert.RawSubject)]) > 0
}

// IsLocal reports whether a cluster is a local one.
func (m *Mesh) IsLocal(cluster string) bool { return m.local[cluster] }

// Clusters are the local ones.
func (m *Mesh) Clusters() []string { return slices.Clone(m.clusters) }

// BundleOf is the bundle of a CA in this place, a current one before others; nil if there is
// none.
func (m *Mesh) BundleOf(a *CA) *Bundle { return m.bundleOf[a.id] }

// Changed are the CAs whose records have to be written, in their order.
func (m *Mesh) Changed() []*CA {
	return slices.DeleteFunc(m.CAs(), func(a *CA) bool { return !a.changed })
}

// MarkRecorded says that the records of all CAs are written. It changes the mesh.
func (m *Mesh) MarkRecorded() {
	for _, a := range m.cas {
		a.changed = false
	}
}

// Put adds CAs that were issued and recorded, in place of what was known of their keys. It
// changes the mesh.
func (m *Mesh) Put(issued ...*CA) {
	for _, a := range issued {
		a.changed = false
		if old := m.known.byKey[a.id]; old != nil {
			m.known.assign(old, a.Cluster)
			*old = *a
			continue
		}
		m.cas = append(m.cas, a)
		m.known.add(a)
	}
	m.sort()
}

// AddLocal makes clusters local: this place has their bundles as of this change. It changes the
// mesh.
func (m *Mesh) AddLocal(clusters ...string) {
	for _, cluster := range clusters {
		if !m.local[cluster] {
			m.local[cluster] = true
			m.clusters = append(m.clusters, cluster)
		}
	}
	slices.Sort(m.clusters)
}

// Accept adds a certificate: of a CA that is known, or of a new one. It changes the mesh.
// A CA with the name of another key is a [*ca.RuleError] of [ca.RuleDistinctNames].
func (m *Mesh) Accept(cluster string, cert *x509.Certificate) (*CA, error) {
	if err := m.checkName(cert); err != nil {
		return nil, err
	}
	a := m.CA(cert)
	switch {
	case a == nil:
		a = NewCA(cluster, cert)
		m.insert(a)
		m.known.add(a)
	case !a.isCertifiedBy(cert):
		return nil, fmt.Errorf("%s has the key of %s, expected its name as well", ca.Describe(cert), ca.Describe(a.Certificate()))
	case a.Has(cert):
		return a, nil
	default:
		m.move(a, func() { a.add(cert) })
	}
	a.changed = true
	return a, nil
}

// Assign makes a CA an intermediate of a cluster. It changes the mesh.
func (m *Mesh) Assign(a *CA, cluster string) {
	m.move(a, func() { m.known.assign(a, cluster) })
	a.changed = true
}

// checkName refuses a CA that has the name of another key. A verifier that finds CRLs by the
// name of their issuer confuses the two, and istiod counts them as one.
func (m *Mesh) checkName(cert *x509.Certificate) error {
	for _, a := range m.known.byName[string(cert.RawSubject)] {
		if !ca.SamePublicKey(a.Certificate().PublicKey, cert.PublicKey) {
			return &ca.RuleError{Op: "a CA of the mesh", Violations: []*ca.Violation{{
				Rule: ca.RuleDistinctNames, Cert: cert, Detail: "another CA of the mesh has this name, with another key",
			}}}
		}
	}
	return nil
}

// CheckForeignRoot refuses a root with the key of another CA of the mesh, or the name of one.
func (m *Mesh) CheckForeignRoot(root *x509.Certificate) error {
	if a := m.CA(root); a != nil && !bytes.Equal(a.Certificate().RawSubject, root.RawSubject) {
		return &ca.RuleError{Op: "cross-sign", Violations: []*ca.Violation{{
			Rule: ca.RuleNoDuplicate, Cert: root, Detail: "has the key of " + ca.Describe(a.Certificate()),
		}}}
	}
	return m.checkName(root)
}

func set(names []string) map[string]bool {
	all := make(map[string]bool, len(names))
	for _, name := range names {
		all[name] = true
	}
	return all
}
