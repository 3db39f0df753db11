package fabric

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// RefreshOptions adjust RefreshCRLs; the zero value is good.
type RefreshOptions struct {
	// NextUpdate is when the next CRL of the CA that issues is there at the latest. A CRL is
	// signed by every call that has one. Zero signs what is due, for as long as the last CRL
	// was for: the first one is for the life of its CA. So do Revoke and all others who sign
	// the next CRL. Where that is shorter, somebody has to see to the next one in time: a
	// CRL that has passed it makes Envoy and OpenSSL refuse everything below the CA. All
	// that a late one costs is that who can hold a cluster back from the newest CRL can do
	// so for longer.
	NextUpdate time.Time
	// AllowIncomplete writes the set even if CRLs are missing.
	AllowIncomplete bool
	// DryRun checks everything and changes nothing.
	DryRun bool
}

// Refreshed is what RefreshCRLs did.
type Refreshed struct {
	// Signed are the CRLs that are new.
	Signed []SignedCRL
	// Changed reports that there is something new, for a cluster or for the directory.
	Changed bool
	Publication
}

// SignedCRL is a CRL that was signed, and the CA that it is of.
type SignedCRL struct {
	Certificate Certificate
	CRL         CRL
}

// RefreshCRLs signs the CRLs that are missing, that have passed their next update, and those
// of whose time less than a third is left, as far as the keys are here, and gives every cluster
// the complete set. From then on the fabric publishes CRLs: whatever brings a CA into the mesh
// gives every cluster its CRL.
//
// The error is an [*IncompleteError], a [*ca.RuleError] of [ca.RuleCRLSign] or
// [ca.RuleSubjectKeyID] where the CA that issues cannot sign CRLs, a [*ca.LifetimeError], or one
// about its key. That this is elsewhere is none, unless NextUpdate is given: its CRL is missing
// then if it was due.
func (f *Fabric) RefreshCRLs(ctx context.Context, o RefreshOptions) (Refreshed, error) {
	var done Refreshed
	err := f.changeMesh(ctx, meshChange{
		dryRun: o.DryRun,
		issues: func(m *mesh) (bool, error) { return m.signsDue(o.NextUpdate) },
		make: func(ctx context.Context, m *mesh) (err error) {
			done = Refreshed{}
			if done.Signed, err = m.refresh(ctx, o.NextUpdate); err != nil {
				return err
			}
			err = m.save(nil, o.AllowIncomplete)
			done.Changed, done.Publication = m.c.changed.Load(), m.publication()
			return err
		},
	})
	if err != nil {
		return Refreshed{}, err
	}
	return done, nil
}

// nextCRL is what the next CRL of a CA says. Zero for nextUpdate is that of [nextUpdate].
type nextCRL struct {
	revoked    []x509.RevocationListEntry
	carried    []x509.RevocationListEntry // of other CRLs of the CA, as they are
	nextUpdate time.Time
}

// nextUpdate is that of the next CRL of a CA, unless another one is asked for: it is for as long
// as the last one was for. Zero is the end of the CA, for the first one and where the last one
// was for that.
func nextUpdate(a *authority, now time.Time) time.Time {
	if a.crl == nil || !a.crl.NextUpdate.Before(a.cert.NotAfter) {
		return time.Time{}
	}
	next := now.Add(a.crl.NextUpdate.Sub(a.crl.ThisUpdate) - ca.Backdate)
	if !next.Before(a.cert.NotAfter) || !next.After(now) {
		return time.Time{}
	}
	return next
}

// refresh signs what is due.
func (m *mesh) refresh(ctx context.Context, asked time.Time) (signed []SignedCRL, err error) {
	for _, a := range m.all {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		o := nextCRL{}
		if m.isIssuing(a) {
			o.nextUpdate = asked
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
		signed = append(signed, SignedCRL{describe(a.cert), describeCRL(a.crl)})
	}
	return signed, nil
}

// signsDue reports whether a refresh takes the key of the CA that issues. Without the key
// what is due stays so, and only what was asked for is refused.
func (m *mesh) signsDue(asked time.Time) (bool, error) {
	if !asked.IsZero() || !m.isDue(m.issuer(), asked) {
		return !asked.IsZero(), nil
	}
	return m.hasKey(m.issuer())
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
