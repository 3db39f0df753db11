package fabric

import (
	"context"
	"time"

	"github.com/trustgen/trustgen/secrets/mesh"
)

// CAsOptions adjust CAs; the zero value is ready to use.
type CAsOptions struct {
	// Until is a time that every CRL which is needed has to reach; an earlier end is a finding.
	Until time.Time
}

// CAsResult are the CAs of a mesh, and what is wrong with their CRLs.
type CAsResult struct {
	// Publishes reports whether every cluster has the CRLs of all CAs.
	Publishes bool
	// CAs are those that can still stand in a chain of the mesh: the root, the CAs above the
	// clusters and of other meshes, then those of the clusters by name, the newest first.
	CAs []mesh.Status
	// Stale are the local clusters whose CRL bundles miss CRLs that are recorded: another program
	// has changed them.
	Stale []string
	// Findings are what somebody has to act on, errors first.
	Findings []mesh.Finding
}

// CAs lists the CAs that can still stand in a chain of the mesh, with their CRLs.
func (f *Fabric) CAs(ctx context.Context, o CAsOptions) (CAsResult, error) {
	var found CAsResult
	err := f.viewMesh(ctx, func(d *directory, m *mesh.Mesh) error {
		found.Publishes = m.PublishCRLs
		var err error
		if found.CAs, err = m.Statuses(d.keys.has); err != nil {
			return err
		}
		if m.PublishCRLs {
			found.Stale = d.staleClusters(m)
		}
		found.Findings = m.Verify(found.CAs, mesh.VerifyOptions{Until: o.Until, Stale: found.Stale})
		return nil
	})
	return found, err
}

// CRLsOptions adjust CRLs; the zero value is ready to use.
type CRLsOptions struct {
	// Incomplete accepts a CRL bundle in which CRLs are missing.
	Incomplete bool
}

// CRLs is the CRL bundle that every cluster gets if CRLs are published. The error is a
// [*mesh.IncompleteError].
func (f *Fabric) CRLs(ctx context.Context, o CRLsOptions) (mesh.CRLBundle, error) {
	var bundle mesh.CRLBundle
	err := f.viewMesh(ctx, func(_ *directory, m *mesh.Mesh) error {
		bundle = m.CRLBundle()
		if len(bundle.Missing) > 0 && !o.Incomplete {
			return &mesh.IncompleteError{Missing: bundle.Missing}
		}
		return nil
	})
	return bundle, err
}

// Exchange is what another directory of the mesh has to import, see [mesh.Mesh.Exchange] and
// [Fabric.ImportCRLs].
func (f *Fabric) Exchange(ctx context.Context) (mesh.Exchange, error) {
	var e mesh.Exchange
	err := f.viewMesh(ctx, func(_ *directory, m *mesh.Mesh) error {
		e = m.Exchange()
		return nil
	})
	return e, err
}
