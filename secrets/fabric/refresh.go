package fabric

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// RefreshOptions adjust RefreshCRLs; the zero value is good.
type RefreshOptions struct {
	// NextUpdate is when the next CRL of the CA that issues is there at the latest; zero
	// means the end of that CA. An earlier one has it signed anew by every call, and
	// somebody has to see to the next one in time: a CRL that has passed it makes Envoy and
	// OpenSSL refuse everything below the CA. All that a late one costs is that who can
	// hold a cluster back from the newest CRL can do so for longer. Revoke and others who
	// sign the next CRL use the end of the CA again.
	NextUpdate time.Time
	// AllowIncomplete writes the set even if CRLs are missing.
	AllowIncomplete bool
	// DryRun checks everything and changes nothing.
	DryRun bool
}

// Refreshed is what RefreshCRLs did.
type Refreshed struct {
	// Signed are the CAs that have a new CRL.
	Signed []Certificate
	// Clusters are those whose sets are here.
	Clusters []string
	// Elsewhere are clusters with a CA whose set is in another directory.
	Elsewhere []string
	// Began reports that CRLs are published since now.
	Began bool
	// Missing is what the set lacks, which AllowIncomplete has allowed.
	Missing []MissingCRL
}

// RefreshCRLs signs the CRLs that are missing, that have passed their next update, and those
// of whose time less than a third is left, as far as the keys are here, and gives every cluster
// the complete set. From then on the fabric publishes CRLs: whatever brings a CA into the mesh
// gives every cluster its CRL.
//
// The error is an [*IncompleteError], a [*ca.RuleError] of [ca.RuleCRLSign] or
// [ca.RuleSubjectKeyID] where the CA that issues cannot sign CRLs, a [*ca.LifetimeError], or one
// about its key.
func (f *Fabric) RefreshCRLs(ctx context.Context, o RefreshOptions) (Refreshed, error) {
	var done Refreshed
	err := f.changeMesh(ctx, meshChange{
		dryRun: o.DryRun,
		issues: func(m *mesh) (bool, error) { return m.isDue(m.issuer(), o.NextUpdate), nil },
		make: func(ctx context.Context, m *mesh) (err error) {
			done = Refreshed{Began: !m.config.PublishCRLs, Clusters: m.clusters, Elsewhere: m.elsewhere()}
			if done.Signed, err = m.refresh(ctx, o.NextUpdate); err != nil {
				return err
			}
			_, done.Missing = crlSet(m.all, m.now())
			return m.save(publication{allowIncomplete: o.AllowIncomplete})
		},
	})
	if err != nil {
		return Refreshed{}, err
	}
	return done, nil
}

// issuer is the CA that issues.
func (m *mesh) issuer() *authority {
	for _, a := range m.all {
		if m.isIssuing(a) {
			return a
		}
	}
	return &authority{cert: m.issuing[0]} // not reached: authorities finds it where it lies
}

// save has CRLs published from now on, and writes records and sets.
func (m *mesh) save(p publication, gone ...string) error {
	if err := m.publishes(); err != nil {
		return err
	}
	if err := m.record(); err != nil {
		return err
	}
	return m.publishSet(p, gone...)
}

// nextCRL is what the next CRL of a CA says. Zero for nextUpdate is the end of the CA.
type nextCRL struct {
	revoked    []x509.RevocationListEntry
	nextUpdate time.Time
}

// refresh signs what is due.
func (m *mesh) refresh(ctx context.Context, nextUpdate time.Time) (signed []Certificate, err error) {
	for _, a := range m.all {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		o := nextCRL{}
		if m.isIssuing(a) {
			o.nextUpdate = nextUpdate
		}
		if !m.isDue(a, o.nextUpdate) {
			continue
		}
		if here, err := m.hasKey(a); err != nil || !here {
			if err != nil {
				return nil, err
			}
			continue
		}
		if err := m.nextCRL(ctx, a, o); err != nil {
			return nil, fmt.Errorf("the CRL of %s: %w", ca.Describe(a.cert), err)
		}
		signed = append(signed, describe(a.cert))
	}
	return signed, nil
}

// isDue reports whether a CA needs its next CRL, or was asked for one.
func (m *mesh) isDue(a *authority, asked time.Time) bool {
	switch {
	case a.ended(m.now()):
		return false
	case a.crl == nil || !asked.IsZero():
		return true
	}
	return dueSince(a, m.now())
}

// dueSince reports whether less than a third is left of the time of a CRL. One that lives as
// long as its CA is not due before.
func dueSince(a *authority, now time.Time) bool {
	end := a.crl.NextUpdate
	return end.Before(a.cert.NotAfter) && end.Sub(now) < end.Sub(a.crl.ThisUpdate)/3
}

// elsewhere are the clusters with an intermediate that is good, and no set here.
func (m *mesh) elsewhere() []string {
	var clusters []string
	for _, a := range m.all {
		if m.isLive(a) && !slices.Contains(slices.Concat(m.clusters, clusters), a.cluster) {
			clusters = append(clusters, a.cluster)
		}
	}
	return clusters
}

// isLive reports whether a CA is an intermediate that its cluster can use.
func (m *mesh) isLive(a *authority) bool {
	return a.cluster != "" && a.retired.IsZero() && !a.ended(m.now()) && !isRevoked(a, m.all)
}
