package mesh

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// Decision is a decision to revoke.
type Decision struct {
	// Reason is the reason in the CRL; nil is the one that was decided before, or Default.
	Reason  *Reason
	Default Reason
	// At is when the CAs ceased to be trusted, not in the future; zero is what was decided before,
	// or now. Verifiers refuse them whatever it says.
	At time.Time
}

// Mode is when a revocation takes effect.
type Mode int

// The modes of a revocation.
const (
	// SuccessorFirst issues a successor, and leaves the revocation pending.
	SuccessorFirst Mode = iota
	// AtOnce revokes what is pending, and all intermediates if nothing is.
	AtOnce
	// Finish revokes only what is pending.
	Finish
	// Leave revokes all intermediates at once, without a successor: the clusters leave the mesh.
	Leave
)

// Check refuses a reason that is not permanent, and a time in the future.
func (d Decision) Check(now time.Time) error {
	if d.At.After(now) {
		return fmt.Errorf("the revocation time %s is in the future", d.At.UTC().Format(time.RFC3339))
	}
	if d.Reason == nil {
		return nil
	}
	return d.Reason.check()
}

// revocation is what is decided about a CA, beside what was decided before.
func (d Decision) revocation(before *Revocation, now time.Time) *Revocation {
	decided := Revocation{Reason: d.Default, At: now.UTC().Truncate(time.Second)}
	if before != nil {
		decided = *before
	}
	if d.Reason != nil {
		decided.Reason = *d.Reason
	}
	if !d.At.IsZero() {
		decided.At = d.At.UTC().Truncate(time.Second)
	}
	return &decided
}

// RevocationPlan is what a revocation does to the intermediates of a cluster, or to one CA.
type RevocationPlan struct {
	// Cluster is empty for a CA that is of none.
	Cluster string
	// Local reports that the CA bundle of the cluster is here.
	Local bool
	// CAs are those that are revoked, now or later.
	CAs []*CA
	// Successor reports that the cluster gets another intermediate.
	Successor bool
	// Now reports that the CAs are revoked now. Otherwise their revocation is pending.
	Now bool
	// Left reports that the cluster has left the mesh, or leaves it.
	Left bool
}

// PlanRevocation plans the revocation of all intermediates that clusters have had.
//
// To revoke the intermediate in use would cut its cluster off. So the first call issues a
// successor where the key of the cluster is local, and records the revocation as pending; a
// call with [Finish] revokes. With [AtOnce], and for a cluster that has left the mesh or has no
// usable intermediate, all of it happens at once. As long as a revocation is pending it is the
// only one of the cluster.
//
// The error is a [*ClusterNameError], a [*NoIntermediateError], a [*NoSuccessorError] or a
// [*ForeignIssuerError].
func (m *Mesh) PlanRevocation(clusters []string, mode Mode) ([]*RevocationPlan, error) {
	if err := CheckClusters(clusters); err != nil {
		return nil, err
	}
	plans := make([]*RevocationPlan, len(clusters))
	for i, cluster := range clusters {
		var err error
		if plans[i], err = m.planCluster(cluster, mode); err != nil {
			return nil, err
		}
	}
	return plans, nil
}

func (m *Mesh) planCluster(cluster string, mode Mode) (*RevocationPlan, error) {
	found := m.Intermediates(cluster)
	undecided, pending := found.revocable()
	p := &RevocationPlan{Cluster: cluster, Local: m.local[cluster], CAs: pending, Left: !found.Left.IsZero() || mode == Leave}
	unused := len(found.Usable()) == 0
	p.Now = mode != SuccessorFirst || p.Left || unused
	switch {
	case len(undecided)+len(pending) == 0:
		return nil, &NoIntermediateError{Cluster: cluster, Wanted: "that can be revoked"}
	case mode == Finish && len(pending) == 0:
		return nil, &NoIntermediateError{Cluster: cluster, Wanted: "whose revocation is pending"}
	case mode == Finish && len(found.Live) == 0 && !p.Left && !unused:
		return nil, &NoSuccessorError{Cluster: cluster}
	case mode == Leave:
		p.CAs = slices.Concat(pending, undecided)
	case len(pending) == 0:
		p.CAs, p.Successor = undecided, p.Local
	case mode != Finish:
		p.Successor = p.Local && len(found.Live) == 0
	}
	return p, m.requireIssued(p.CAs)
}

// requireIssued refuses CAs with a certificate that the CA which issues here did not issue.
func (m *Mesh) requireIssued(all []*CA) error {
	for _, a := range all {
		for _, cert := range a.Certificates() {
			if cert.CheckSignatureFrom(m.Issuing[0]) != nil {
				return &ForeignIssuerError{Cluster: a.Cluster, Subject: ca.Describe(cert), Issuer: cert.Issuer.CommonName}
			}
		}
	}
	return nil
}

// PlanCertificates plans to revoke single CAs at once, by their subjects or fingerprints. It is
// for CAs that no cluster uses: a cross-certificate, or an intermediate that was signed and
// never installed.
//
// The error is a [*NoCertificateError], an [*AboveError] for the root and the CA that issues, a
// [*ForeignIssuerError], or a [*NoSuccessorError] for a cluster of the mesh that would be left
// without an intermediate.
func (m *Mesh) PlanCertificates(names []string) ([]*RevocationPlan, error) {
	if len(names) == 0 {
		return nil, errors.New("no certificate is given")
	}
	var all []*CA
	for _, name := range names {
		a, err := m.findRevocable(name)
		if err != nil {
			return nil, err
		}
		if m.above[a.id] {
			return nil, &AboveError{Certificate: a.Summary()}
		}
		if !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	if err := m.requireIssued(all); err != nil {
		return nil, err
	}
	var plans []*RevocationPlan
	for _, a := range all {
		if err := m.requireOther(a, all); err != nil {
			return nil, err
		}
		plans = append(plans, &RevocationPlan{Cluster: a.Cluster, Local: m.local[a.Cluster], CAs: []*CA{a}, Now: true})
	}
	return plans, nil
}

// findRevocable finds the only CA with a subject or fingerprint that is neither expired nor
// revoked.
func (m *Mesh) findRevocable(name string) (*CA, error) {
	var all, like, found []*CA
	for _, a := range m.cas {
		if a.Ended(m.Now) || m.IsRevoked(a) {
			continue
		}
		if !m.above[a.id] {
			all = append(all, a)
		}
		if a.isCalled(name) {
			found = append(found, a)
		}
		if name != "" && strings.HasPrefix(ca.Describe(a.Certificate()), name) {
			like = append(like, a)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(like) > 0:
		all = like
	}
	return nil, &NoCertificateError{Name: name, Candidates: summarize(all)}
}

// requireOther refuses to revoke a CA whose cluster is in the mesh and has no other one: a live
// one in its bundle here, or one in another directory. An intermediate whose CRL never came here
// may never have been installed.
func (m *Mesh) requireOther(a *CA, revoked []*CA) error {
	found := m.Intermediates(a.Cluster)
	if a.Cluster == "" || !found.Left.IsZero() {
		return nil
	}
	for _, other := range found.Live {
		if m.Role(other) != RoleSuperseded && other.crl != nil && !slices.Contains(revoked, other) {
			return nil
		}
	}
	return &NoSuccessorError{Cluster: a.Cluster}
}

// Decide records the revocations of plans as pending. Those that are due now become entries for
// the next CRL of the CA that issues. It changes the mesh.
func (m *Mesh) Decide(plans []*RevocationPlan, d Decision) []x509.RevocationListEntry {
	var entries []x509.RevocationListEntry
	for _, p := range plans {
		for _, a := range p.CAs {
			a.Pending, a.changed = d.revocation(a.Pending, m.Now), true
			if p.Now {
				entries = append(entries, m.entriesOf(a)...)
				a.Pending = nil
			}
		}
	}
	return entries
}

// entriesOf are those of the certificates of a CA that no CRL has yet.
func (m *Mesh) entriesOf(a *CA) []x509.RevocationListEntry {
	var entries []x509.RevocationListEntry
	for _, c := range a.certs {
		if m.revocation(c) == nil {
			entries = append(entries, x509.RevocationListEntry{SerialNumber: c.SerialNumber, RevocationTime: a.Pending.At, ReasonCode: int(a.Pending.Reason)})
		}
	}
	return entries
}

// IsCutOff reports whether the cluster of a plan is in the mesh and has no usable intermediate
// any more.
func (m *Mesh) IsCutOff(p *RevocationPlan) bool {
	return p.Cluster != "" && !p.Left && len(m.Intermediates(p.Cluster).Usable()) == 0
}

// Summaries are those of the CAs of a plan.
func (p *RevocationPlan) Summaries() []Summary { return summarize(p.CAs) }
