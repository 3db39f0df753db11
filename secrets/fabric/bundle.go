package fabric

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// Bundle reads the CA bundle of a cluster. A cluster that the directory does not have is an
// [*UnknownClusterError]; if its key is in another directory, a [*PendingRequestError] or a
// [*mesh.RemoteKeyError]; if it has left the mesh, a [*mesh.RetiredError]. A bundle that cannot be
// used is a [*DamagedError]. If CRLs are published a bundle without them is [secrets.ErrNoCRLs].
func (f *Fabric) Bundle(ctx context.Context, cluster string) (*secrets.CACerts, error) {
	if err := mesh.CheckCluster(cluster); err != nil {
		return nil, err
	}
	var bundle *secrets.CACerts
	err := f.view(ctx, func(d *directory) (err error) {
		if d.trust, err = d.readTrust(); err != nil {
			if waits := d.requireNoRequest(cluster); waits != nil && errors.Is(err, ErrNoRoot) {
				return waits
			}
			return err
		}
		bundle, err = d.readBundle(cluster, bundleFiles())
		switch {
		case errors.As(err, new(*UnknownClusterError)):
			return cmp.Or(d.whereIs(ctx, cluster), err)
		case err == nil && d.settings.PublishCRLs && len(bundle.CRLs()) == 0:
			return fmt.Errorf("%s: %w, though CRLs are published", d.path(crlFile(cluster)), secrets.ErrNoCRLs)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return bundle, nil
}

// whereIs is where a cluster without a bundle here has its key; nil if that is not known.
func (d *directory) whereIs(ctx context.Context, cluster string) error {
	if err := d.requireNoRequest(cluster); err != nil {
		return err
	}
	m, err := d.mesh(ctx)
	if err != nil {
		return err
	}
	return cmp.Or(m.CheckNotRetired(cluster), m.CheckNoRemoteKey(cluster))
}

// BundleFindings are what is wrong with the CAs of a cluster's bundle: others refuse them, or are
// going to. The bundle is usable nevertheless: there may be no other.
func (f *Fabric) BundleFindings(ctx context.Context, cluster string) ([]mesh.Finding, error) {
	var findings []mesh.Finding
	err := f.viewMesh(ctx, func(d *directory, m *mesh.Mesh) error {
		bundle, err := d.readBundle(cluster, secrets.FileNames())
		if err != nil {
			return err
		}
		findings = m.VerifyChain(cluster, bundle.Chain())
		return nil
	})
	return findings, err
}
