package fabric

import (
	"context"
	"math/big"
	"time"
)

// Standing is what a CA is to the mesh.
type Standing string

// The standings of a CA. The first that is true is said.
const (
	// StandingRevoked: it is in the CRL of its issuer.
	StandingRevoked Standing = "revoked"
	// StandingRevocationPending: that was decided, and has not been done yet.
	StandingRevocationPending Standing = "revocation-pending"
	// StandingRetired: its cluster has left.
	StandingRetired Standing = "retired"
	// StandingRoot: it is the root.
	StandingRoot Standing = "root"
	// StandingIssuing: it stands between the root and the clusters.
	StandingIssuing Standing = "issuing"
	// StandingCurrent: it is in the set of its cluster.
	StandingCurrent Standing = "current"
	// StandingSuperseded: it was, and has not expired.
	StandingSuperseded Standing = "superseded"
	// StandingElsewhere: its key was never here: it was signed for another directory, was
	// cross-signed, or is of another mesh.
	StandingElsewhere Standing = "elsewhere"
)

// Authority is a CA that can still stand in a chain of the mesh, and its CRL.
type Authority struct {
	// Cluster is whose intermediate it is; empty for the CAs above, and those of other
	// meshes.
	Cluster     string
	Certificate Certificate
	Standing    Standing
	// Revocation is what was decided about it, nil if nothing was.
	Revocation *RevocationEntry
	// InUse reports whether new chains have it: it issues for the clusters, stands above the CA
	// that does, or is in the set of its cluster. A revocation does not change that.
	InUse bool
	// KeyHere reports whether its key is here, for its next CRL.
	KeyHere bool
	// SignsCRLs reports whether it may sign CRLs at all. One that was made elsewhere may not.
	SignsCRLs bool
	// CRL is the newest that is here, nil if there is none.
	CRL      *CRL
	CRLState CRLState
}

// RevocationEntry is a revocation that is in a CRL, or is going to be.
type RevocationEntry struct {
	Reason Reason
	At     time.Time
}

// CRL is what people want to know of a CRL at a glance.
type CRL struct {
	Number                 *big.Int
	ThisUpdate, NextUpdate time.Time
	Revoked                int // how many certificates it revokes
}

// CRLState is how the CRL of a CA stands.
type CRLState string

// The states of a CRL.
const (
	CRLGood    CRLState = "good"
	CRLDue     CRLState = "due"     // less than a third of its time is left
	CRLExpired CRLState = "expired" // its next update has passed
	CRLMissing CRLState = "missing"
	// CRLNotNeeded: it is missing or has expired, and the CA is revoked, so that all its
	// chains are refused.
	CRLNotNeeded CRLState = "not-needed"
)

// Lacks reports whether proxies that check CRLs refuse the chains of a CA whose CRL is in
// that state.
func (s CRLState) Lacks() bool { return s == CRLExpired || s == CRLMissing }

// Authorities lists the CAs that can still stand in a chain of the mesh: the root, the CAs
// above the clusters and of other meshes, then the clusters' by name, the newest first.
func (f *Fabric) Authorities(ctx context.Context) (Authorities, error) {
	var found Authorities
	err := f.view(ctx, func(m *mesh) error {
		found.Publishes = m.config.PublishCRLs
		set, missing := m.crlSet()
		found.Missing = missing
		if found.Publishes {
			found.Behind = m.behind(set)
		}
		for _, a := range m.all {
			if a.ended(m.now()) {
				continue
			}
			described, err := m.describe(a)
			if err != nil {
				return err
			}
			found.All = append(found.All, described)
		}
		return nil
	})
	return found, err
}

// Authorities are the CAs of a mesh.
type Authorities struct {
	// Publishes reports whether every cluster has the CRLs of all of them.
	Publishes bool
	All       []Authority
	// Missing are those without a good CRL that need one.
	Missing []MissingCRL
	// Behind are the clusters whose sets are here and lack a CRL that is here: somebody else
	// has changed them.
	Behind []string
}

func (m *mesh) describe(a *authority) (Authority, error) {
	here, err := m.hasKey(a)
	if err != nil {
		return Authority{}, err
	}
	d := Authority{Cluster: a.cluster, Certificate: describe(a.cert), InUse: m.inUse(a), KeyHere: here, SignsCRLs: signsCRLs(a.cert), CRLState: m.crlState(a)}
	if a.crl != nil {
		list := describeCRL(a.crl)
		d.CRL = &list
	}
	d.Standing, d.Revocation = m.standing(a)
	return d, nil
}

func (m *mesh) inUse(a *authority) bool {
	return a.has(m.root) || m.above[a.id()] || m.folders[a.id()] == clusterFolder(a.cluster)
}

func (m *mesh) crlState(a *authority) CRLState {
	expired := a.crl != nil && !a.crl.NextUpdate.After(m.now())
	switch {
	case (a.crl == nil || expired) && isRevoked(a, m.all):
		return CRLNotNeeded
	case a.crl == nil:
		return CRLMissing
	case expired:
		return CRLExpired
	case dueSince(a, m.now()):
		return CRLDue
	}
	return CRLGood
}

func (m *mesh) standing(a *authority) (Standing, *RevocationEntry) {
	if e := revokedBy(a, m.all); e != nil {
		return StandingRevoked, &RevocationEntry{Reason: Reason(e.ReasonCode), At: e.RevocationTime}
	}
	folder, wasHere := m.folders[a.id()]
	switch {
	case a.pending != nil:
		return StandingRevocationPending, &RevocationEntry{Reason: Reason(a.pending.Reason), At: a.pending.At}
	case !a.retired.IsZero():
		return StandingRetired, nil
	case a.has(m.root):
		return StandingRoot, nil
	case m.above[a.id()]:
		return StandingIssuing, nil
	case wasHere && folder == clusterFolder(a.cluster):
		return StandingCurrent, nil
	case wasHere:
		return StandingSuperseded, nil
	}
	return StandingElsewhere, nil
}
