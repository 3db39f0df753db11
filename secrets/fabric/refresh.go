package fabric

import (
	"context"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// RefreshCRLsOptions adjust RefreshCRLs; the zero value is ready to use.
type RefreshCRLsOptions struct {
	// NextUpdate is that of the next CRL of the CA that issues. Every call with one signs a CRL.
	// Zero signs the CRLs that are due, for as long as the last CRL of each CA lived: the first
	// one lives as long as its CA. Other operations that sign the next CRL do the same.
	//
	// With a shorter time somebody has to sign the next CRL in time: Envoy and OpenSSL refuse
	// everything below a CA whose CRL has passed its next update. The advantage of a short time is
	// that an attacker can keep a new CRL from a cluster for no longer than that.
	NextUpdate time.Time
	// Incomplete writes the CRL bundles even if CRLs are missing.
	Incomplete bool
	// DryRun checks everything and changes nothing.
	DryRun bool
}

// RefreshCRLsResult is what RefreshCRLs did.
type RefreshCRLsResult struct {
	// Signed are the CRLs that are new.
	Signed []SignedCRL
	// Changed reports that a cluster or the directory has something new.
	Changed bool
	mesh.Publication
}

// SignedCRL is a CRL that was signed, with its CA.
type SignedCRL struct {
	Certificate mesh.Summary
	CRL         mesh.CRLSummary
}

// RefreshCRLs signs the CRLs that are missing, that have expired, and those with less than a third
// of their time left, if their keys are here, and gives every cluster the complete CRL bundle.
// CRLs are published from then on: an operation that brings a CA into the mesh brings its CRL to
// every cluster.
//
// The error is a [*mesh.IncompleteError], a [*ca.RuleError] of [ca.RuleCRLSign] or
// [ca.RuleSubjectKeyID] if the CA that issues cannot sign CRLs, a [*ca.LifetimeError], or one about
// its key. A key in another directory is an error only if NextUpdate is given: a CRL that is due
// stays due.
func (f *Fabric) RefreshCRLs(ctx context.Context, o RefreshCRLsOptions) (RefreshCRLsResult, error) {
	var done RefreshCRLsResult
	err := f.run(ctx, operation{
		dryRun: o.DryRun,
		decide: func(ctx context.Context, d *directory) (needs, error) {
			m, err := d.mesh(ctx)
			if err != nil {
				return needs{}, err
			}
			signs, err := d.needsIssuerKey(m, o.NextUpdate)
			return needs{issuerKey: signs}, err
		},
		change: func(ctx context.Context, d *directory) (err error) {
			m, err := d.mesh(ctx)
			if err != nil {
				return err
			}
			done, err = d.refreshAndPublish(ctx, m, o)
			return err
		},
	}, &passphrases{})
	if err != nil {
		return RefreshCRLsResult{}, err
	}
	return done, nil
}

func (d *directory) refreshAndPublish(ctx context.Context, m *mesh.Mesh, o RefreshCRLsOptions) (done RefreshCRLsResult, err error) {
	if done.Signed, err = d.refresh(ctx, m, o.NextUpdate); err != nil {
		return done, err
	}
	if err := d.writeRecords(m); err != nil {
		return done, err
	}
	err = d.publish(m, nil, o.Incomplete)
	done.Changed, done.Publication = d.files.changed.Load(), m.Publication()
	return done, err
}

// refresh signs the CRLs that are due, if their keys are here. A next update is that of the CA that
// issues.
func (d *directory) refresh(ctx context.Context, m *mesh.Mesh, nextUpdate time.Time) (signed []SignedCRL, err error) {
	for _, a := range m.CAs() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var o ca.CRLOptions
		if m.IsIssuer(a) {
			o.NextUpdate = nextUpdate
		}
		if a.Ended(m.Now) || !m.IsDue(a) && o.NextUpdate.IsZero() {
			continue
		}
		if local, err := d.keys.has(a); err != nil {
			return nil, err
		} else if !local && o.NextUpdate.IsZero() {
			continue
		}
		if err := d.signCRL(ctx, a, o); err != nil {
			return nil, err
		}
		signed = append(signed, SignedCRL{a.Summary(), mesh.SummarizeCRL(a.CRL())})
	}
	return signed, nil
}

// needsIssuerKey reports whether a refresh takes the key of the CA that issues. Without the key a
// CRL that is due stays due; only an explicit next update is refused.
func (d *directory) needsIssuerKey(m *mesh.Mesh, nextUpdate time.Time) (bool, error) {
	issuer := m.Issuer()
	if !nextUpdate.IsZero() {
		return true, nil
	}
	if !m.IsDue(issuer) {
		return false, nil
	}
	return d.keys.has(issuer)
}
