package mesh

// Effects are what a missing or expired CRL of a CA does on each data plane.
type Effects struct {
	Envoy, Istiod, Ztunnel string
}

// effects are those of a CRL that is missing or has expired.
func effects(role Role, state CRLState) Effects {
	e := Effects{Envoy: "refuses every chain with this CA", Istiod: "does not check the time of CRLs", Ztunnel: "ignores it: nothing that this CA issued is revoked"}
	switch {
	case state == CRLExpired:
		return e
	case role.IsAbove():
		e.Istiod = "refuses the CA bundle of every cluster, and does not restart with it"
	default:
		e.Istiod = "refuses the CA bundle of the cluster that has this CA, and does not restart with it"
	}
	e.Ztunnel = "accepts the chain: nothing that this CA issued is revoked"
	return e
}

// Status is one CA of the mesh with its CRL.
type Status struct {
	// Cluster is the one whose intermediate it is; empty for CAs above the clusters and of other
	// meshes.
	Cluster     string
	Certificate Summary
	Role        Role
	Lifecycle   Lifecycle
	// Revocation is what was decided about it, nil if nothing was.
	Revocation *Revocation
	// KeyLocal reports whether its key is here, for its next CRL.
	KeyLocal bool
	// SignsCRLs reports whether it may sign CRLs at all.
	SignsCRLs bool
	// CRL is its newest, nil if there is none here.
	CRL      *CRLSummary
	CRLState CRLState
	// Effects are those of a CRL that is missing or has expired; nil for any other one.
	Effects *Effects
}

// Statuses are those of all CAs that have not ended. HasKey reports whether the key of a CA is
// here.
func (m *Mesh) Statuses(hasKey func(*CA) (bool, error)) ([]Status, error) {
	var all []Status
	for _, a := range m.cas {
		if a.Ended(m.Now) {
			continue
		}
		s := m.status(a)
		var err error
		if s.KeyLocal, err = hasKey(a); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func (m *Mesh) status(a *CA) Status {
	s := Status{Cluster: a.Cluster, Certificate: a.Summary(), Role: m.Role(a), SignsCRLs: SignsCRLs(a.Certificate()), CRLState: m.CRLState(a)}
	s.Lifecycle, s.Revocation = m.Lifecycle(a)
	if a.crl != nil {
		list := SummarizeCRL(a.crl)
		s.CRL = &list
	}
	if s.CRLState.IsMissing() {
		e := effects(s.Role, s.CRLState)
		s.Effects = &e
	}
	return s
}
