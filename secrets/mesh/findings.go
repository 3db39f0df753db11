package mesh

import (
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"github.com/trustgen/trustgen/secrets"
)

// Severity says what a finding means for the workloads.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"   // workloads are refused, or going to be
	SeverityWarning Severity = "warning" // somebody should act
)

// Finding is something about a mesh that somebody has to act on.
type Finding struct {
	Severity Severity
	// Err says what it is: a [*RevokedInUseError], [*IncompleteError], [*StaleBundleError],
	// [*EndingCRLError], [*UnusableCRLError] or [*CannotRevokeError].
	Err error
}

// RevokedInUseError says that new chains have a CA that is revoked, or going to be.
type RevokedInUseError struct {
	Cluster     string // empty for a CA above the clusters
	Certificate Summary
	// Pending reports that the CA is going to be revoked.
	Pending bool
}

func (e *RevokedInUseError) Error() string {
	switch {
	case e.Pending:
		return fmt.Sprintf("the revocation of %s%s is pending", e.Certificate.Subject, ofCluster(e.Cluster))
	case e.Cluster == "":
		return fmt.Sprintf("%s is revoked, and every cluster is below it", e.Certificate.Subject)
	}
	return fmt.Sprintf("%s is revoked, and is the intermediate of cluster %s", e.Certificate.Subject, e.Cluster)
}

func ofCluster(cluster string) string {
	if cluster == "" {
		return ""
	}
	return ", the intermediate of cluster " + cluster + ","
}

// StaleBundleError says that the CRL bundles of local clusters miss CRLs that are recorded.
type StaleBundleError struct {
	Clusters []string
}

func (e *StaleBundleError) Error() string {
	return fmt.Sprintf("%s of cluster %s has missing entries", secrets.CACRLFile, strings.Join(e.Clusters, ", "))
}

// EndingCRLError says that a CRL ends before a time, and before its CA.
type EndingCRLError struct {
	Certificate Summary
	NextUpdate  time.Time
	// KeyLocal reports that the key of the CA is here, for its next CRL.
	KeyLocal bool
}

func (e *EndingCRLError) Error() string {
	return fmt.Sprintf("the CRL of %s ends at %s", e.Certificate.Subject, e.NextUpdate.UTC().Format(time.RFC3339))
}

// UnusableCRLError says what a missing or expired CRL does on the data planes.
type UnusableCRLError struct {
	Certificate Summary
	State       CRLState
	Effects     Effects
}

func (e *UnusableCRLError) Error() string {
	return fmt.Sprintf("the CRL of %s is %s: Envoy %s; istiod %s; ztunnel %s", e.Certificate.Subject, e.State, e.Effects.Envoy, e.Effects.Istiod, e.Effects.Ztunnel)
}

// CannotRevokeError says that a CA must not sign CRLs, so that nothing that it issued can be
// revoked.
type CannotRevokeError struct {
	Certificate Summary
}

func (e *CannotRevokeError) Error() string {
	return fmt.Sprintf("%s cannot sign CRLs: nothing that it issued can be revoked", e.Certificate.Subject)
}

// VerifyOptions adjust Verify; the zero value is ready to use.
type VerifyOptions struct {
	// Until is a time that every CRL which is needed has to reach; zero for none.
	Until time.Time
	// Stale are the clusters whose CRL bundles miss CRLs, see [CRLBundle.Matcher].
	Stale []string
}

// Verify finds what somebody has to act on, errors first. Statuses are those of [Mesh.Statuses].
func (m *Mesh) Verify(statuses []Status, o VerifyOptions) []Finding {
	var v verification
	for _, s := range statuses {
		if s.Lifecycle == LifecycleRevoked && s.Role.InUse() {
			v.fail(&RevokedInUseError{Cluster: s.Cluster, Certificate: s.Certificate})
		}
	}
	if m.PublishCRLs {
		if missing := m.CRLBundle().Missing; len(missing) > 0 {
			v.fail(&IncompleteError{Missing: missing})
		}
		if len(o.Stale) > 0 {
			v.fail(&StaleBundleError{Clusters: o.Stale})
		}
	}
	for _, s := range statuses {
		v.crl(s, m.PublishCRLs, o.Until)
	}
	return append(v.errors, v.warnings...)
}

type verification struct{ errors, warnings []Finding }

func (v *verification) fail(err error) { v.errors = append(v.errors, Finding{SeverityError, err}) }

func (v *verification) warn(err error) {
	v.warnings = append(v.warnings, Finding{SeverityWarning, err})
}

// crl judges the CRL of one CA.
func (v *verification) crl(s Status, publishes bool, until time.Time) {
	if !s.SignsCRLs {
		v.warn(&CannotRevokeError{Certificate: s.Certificate})
	}
	if !publishes {
		return
	}
	if s.Effects != nil {
		v.warn(&UnusableCRLError{Certificate: s.Certificate, State: s.CRLState, Effects: *s.Effects})
	}
	if s.CRL == nil {
		return
	}
	ending := &EndingCRLError{Certificate: s.Certificate, NextUpdate: s.CRL.NextUpdate, KeyLocal: s.KeyLocal}
	isNeeded := s.Lifecycle != LifecycleRevoked && s.CRL.NextUpdate.Before(s.Certificate.NotAfter)
	switch {
	case isNeeded && s.CRL.NextUpdate.Before(until):
		v.fail(ending)
	case s.CRLState == CRLDue:
		v.warn(ending)
	}
}

// VerifyChain finds revoked CAs in the chain of a cluster's CA bundle.
func (m *Mesh) VerifyChain(cluster string, chain []*x509.Certificate) []Finding {
	var found []Finding
	for i, cert := range chain {
		e := &RevokedInUseError{Certificate: Summarize(cert)}
		if i == 0 {
			e.Cluster = cluster
		}
		a := m.CA(cert)
		switch {
		case m.revocationOf(cert) != nil:
			found = append(found, Finding{SeverityError, e})
		case a != nil && a.Pending != nil:
			e.Pending = true
			found = append(found, Finding{SeverityWarning, e})
		}
	}
	return found
}
