package mesh

import (
	"crypto/x509"
	"time"
)

// Role is what a CA does in the mesh.
type Role string

// The roles of a CA.
const (
	// RoleRoot: every chain of the mesh ends in it.
	RoleRoot Role = "root"
	// RoleIssuing: it stands between the root and the clusters.
	RoleIssuing Role = "issuing"
	// RoleCurrent: its local cluster has it in its CA bundle.
	RoleCurrent Role = "current"
	// RoleSuperseded: its local cluster had it before.
	RoleSuperseded Role = "superseded"
	// RoleRemote: it is an intermediate of a cluster whose key is in another directory.
	RoleRemote Role = "remote"
	// RoleForeign: it is a CA of another mesh, or was cross-signed.
	RoleForeign Role = "foreign"
)

// InUse reports whether new chains of local clusters have a CA of that role.
func (r Role) InUse() bool { return r.IsAbove() || r == RoleCurrent }

// IsAbove reports whether a CA of that role stands above all clusters.
func (r Role) IsAbove() bool { return r == RoleRoot || r == RoleIssuing }

// Role is the role of a CA of the mesh.
func (m *Mesh) Role(a *CA) Role {
	b := m.bundleOf[a.id]
	switch {
	case a.Has(m.Root):
		return RoleRoot
	case m.above[a.id]:
		return RoleIssuing
	case b != nil && b.Current && b.Cluster == a.Cluster:
		return RoleCurrent
	case b != nil:
		return RoleSuperseded
	case a.Cluster != "":
		return RoleRemote
	}
	return RoleForeign
}

// Lifecycle is how far a CA is trusted, apart from its time.
type Lifecycle string

// The lifecycles of a CA. The first in the order revoked, revocation-pending, retired that
// applies is the one of a CA.
const (
	LifecycleValid Lifecycle = "valid"
	// LifecycleRevoked: the CRLs of its issuers revoke all of its certificates.
	LifecycleRevoked Lifecycle = "revoked"
	// LifecyclePending: its revocation was decided, and no CRL has it yet.
	LifecyclePending Lifecycle = "revocation-pending"
	// LifecycleRetired: its cluster has left the mesh.
	LifecycleRetired Lifecycle = "retired"
)

// Lifecycle is that of a CA, with the revocation that was decided or carried out, if any.
func (m *Mesh) Lifecycle(a *CA) (Lifecycle, *Revocation) {
	if r := m.revocationOfCA(a); r != nil {
		return LifecycleRevoked, r
	}
	switch {
	case a.Pending != nil:
		return LifecyclePending, a.Pending
	case !a.Retired.IsZero():
		return LifecycleRetired, nil
	}
	return LifecycleValid, nil
}

// State sums up lifecycle and time of a certificate.
type State string

// The states of a certificate.
const (
	StateValid    State = "valid"
	StateRenewDue State = "renew-due" // less than a third of its life is left
	StateExpired  State = "expired"
	StateRevoked  State = State(LifecycleRevoked)
	StatePending  State = State(LifecyclePending)
	StateRetired  State = State(LifecycleRetired)
	StateDamaged  State = "damaged" // its files cannot be used
)

// State is [StateValid], [StateRenewDue] or [StateExpired].
func (s Summary) State(now time.Time) State {
	switch left := s.NotAfter.Sub(now); {
	case left < 0:
		return StateExpired
	case left < s.NotAfter.Sub(s.NotBefore)/3:
		return StateRenewDue
	}
	return StateValid
}

// StateOf is the state of the first CA of a chain. A revoked CA above it revokes it as well.
func (m *Mesh) StateOf(chain []*x509.Certificate) State {
	state := Summarize(chain[0]).State(m.Now)
	lifecycle := m.LifecycleOf(chain)
	if state != StateExpired && lifecycle != LifecycleValid {
		return State(lifecycle)
	}
	return state
}

// LifecycleOf is the lifecycle of the first CA of a chain. A revoked CA above it revokes it as
// well.
func (m *Mesh) LifecycleOf(chain []*x509.Certificate) Lifecycle {
	if m.CheckUnrevoked(chain) != nil {
		return LifecycleRevoked
	}
	a := m.CA(chain[0])
	if a == nil {
		return LifecycleValid // nothing was decided about a CA that is not known
	}
	lifecycle, _ := m.Lifecycle(a)
	return lifecycle
}
