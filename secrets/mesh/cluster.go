package mesh

import (
	"crypto/x509"
	"slices"
	"time"
)

// Intermediates are those of a cluster that have neither expired nor been revoked, the newest
// first.
type Intermediates struct {
	// Live can be used: nothing was decided against them.
	Live []*CA
	// Pending are going to be revoked.
	Pending []*CA
	// Retired were given up when the cluster left the mesh: all of them, if it is still out.
	Retired []*CA
	// Left is when the cluster left the mesh; zero if it did not, or came back.
	Left time.Time
}

// Usable are the intermediates that new chains may have: the live and the pending ones.
func (i Intermediates) Usable() []*CA { return slices.Concat(i.Live, i.Pending) }

// revocable are all of them, by whether their revocation is pending.
func (i Intermediates) revocable() (undecided, pending []*CA) {
	undecided, pending = slices.Clone(i.Live), slices.Clone(i.Pending)
	for _, a := range i.Retired {
		if a.Pending != nil {
			pending = append(pending, a)
		} else {
			undecided = append(undecided, a)
		}
	}
	return undecided, pending
}

// Intermediates are those of a cluster. It is the only place that decides whether an
// intermediate is live.
func (m *Mesh) Intermediates(cluster string) Intermediates {
	found := Intermediates{Left: m.left(cluster)}
	all := slices.SortedFunc(slices.Values(m.known.byCluster[cluster]), m.compare)
	for _, a := range all {
		switch {
		case a.Ended(m.Now) || m.IsRevoked(a):
		case !a.Retired.IsZero() || !found.Left.IsZero():
			found.Retired = append(found.Retired, a)
		case a.Pending != nil:
			found.Pending = append(found.Pending, a)
		default:
			found.Live = append(found.Live, a)
		}
	}
	return found
}

// left is when a cluster left the mesh. It has left if it has no local bundle and the newest of its
// intermediates is retired. An expired or revoked intermediate counts as well.
func (m *Mesh) left(cluster string) time.Time {
	if m.local[cluster] {
		return time.Time{}
	}
	all := m.known.byCluster[cluster]
	if len(all) == 0 {
		return time.Time{}
	}
	return newest(all).Retired
}

// isNewer compares the times of issue. Of two CAs of the same second, one that is not retired is the
// newer one.
func isNewer(a, than *CA) bool {
	order := a.Certificate().NotBefore.Compare(than.Certificate().NotBefore)
	return order > 0 || order == 0 && a.Retired.IsZero()
}

// knows reports whether a cluster has, or had, an intermediate here.
func (m *Mesh) knows(cluster string) bool {
	return m.local[cluster] || len(m.known.byCluster[cluster]) > 0
}

// RemoteClusters are those with a usable intermediate whose CA bundle is in another directory,
// sorted.
func (m *Mesh) RemoteClusters() []string {
	var remote []string
	for cluster := range m.known.byCluster {
		if cluster != "" && !m.local[cluster] && len(m.Intermediates(cluster).Usable()) > 0 {
			remote = append(remote, cluster)
		}
	}
	slices.Sort(remote)
	return remote
}

// CheckNoRemoteKey refuses a cluster that has a usable intermediate in another directory. The
// error is a [*RemoteKeyError].
func (m *Mesh) CheckNoRemoteKey(cluster string) error {
	usable := m.Intermediates(cluster).Usable()
	if m.local[cluster] || len(usable) == 0 {
		return nil
	}
	return &RemoteKeyError{Cluster: cluster, Certificate: newest(usable).Summary()}
}

// CheckNotRetired refuses a cluster that has left the mesh and not come back. The error is a
// [*RetiredError].
func (m *Mesh) CheckNotRetired(cluster string) error {
	if left := m.left(cluster); !left.IsZero() {
		return &RetiredError{Cluster: cluster, Since: left}
	}
	return nil
}

// newest is the newest of some intermediates, at least one.
func newest(all []*CA) *CA {
	last := all[0]
	for _, a := range all[1:] {
		if isNewer(a, last) {
			last = a
		}
	}
	return last
}

// RemoteIntermediate is the intermediate to show of a cluster whose key may be in another
// directory: the newest usable one. Without a usable one it is the newest one that has expired or
// is revoked. It is nil for a cluster that has left the mesh, and if the local bundle has that
// intermediate or a newer one.
func (m *Mesh) RemoteIntermediate(cluster string, local *x509.Certificate) *CA {
	found := m.Intermediates(cluster)
	candidates := found.Usable()
	if len(candidates) == 0 && found.Left.IsZero() {
		candidates = slices.DeleteFunc(slices.Clone(m.known.byCluster[cluster]), func(a *CA) bool {
			return !a.Retired.IsZero() || a.Ended(m.Now) && m.IsRevoked(a)
		})
	}
	if len(candidates) == 0 {
		return nil
	}
	a := newest(candidates)
	if m.local[cluster] && (local == nil || !a.Certificate().NotBefore.After(local.NotBefore)) {
		return nil
	}
	return a
}

// KnownClusters are those that have, or had, an intermediate, local ones included, sorted.
func (m *Mesh) KnownClusters() []string {
	all := slices.Clone(m.clusters)
	for cluster, cas := range m.known.byCluster {
		if cluster != "" && len(cas) > 0 && !m.local[cluster] {
			all = append(all, cluster)
		}
	}
	slices.Sort(all)
	return all
}

// Retire lets a cluster leave the mesh with all of its intermediates. It changes the mesh. A
// cluster that is not known is a [*NoIntermediateError].
func (m *Mesh) Retire(cluster string) error {
	if err := m.CheckKnown(cluster); err != nil {
		return err
	}
	delete(m.local, cluster)
	m.clusters = slices.DeleteFunc(m.clusters, func(name string) bool { return name == cluster })
	for _, a := range m.known.byCluster[cluster] {
		if a.Retired.IsZero() {
			a.Retired, a.changed = m.Now, true
		}
	}
	return nil
}

// CheckKnown refuses a cluster that never had an intermediate here. The error is a
// [*NoIntermediateError].
func (m *Mesh) CheckKnown(cluster string) error {
	if !m.knows(cluster) {
		return &NoIntermediateError{Cluster: cluster, Wanted: "that can be retired"}
	}
	return nil
}

// Accepted are all intermediates that other clusters still accept.
func (i Intermediates) Accepted() []Summary {
	undecided, pending := i.revocable()
	return summarize(slices.Concat(pending, undecided))
}
