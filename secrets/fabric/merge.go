package fabric

import (
	"context"
	"errors"
	"fmt"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// merge merges an exchange into a mesh. Two CRLs of the CA that issues that only its key can
// merge are [ErrKeyMissing] as well.
func (d *directory) merge(m *mesh.Mesh, e mesh.Exchange) (*mesh.Merge, error) {
	merge, err := m.Merge(e, d.keys.has)
	if withdrawn, ok := errors.AsType[*mesh.WithdrawnError](err); ok && withdrawn.Issuer {
		err = fmt.Errorf("%w; to sign one with all entries: %s: %w", err, d.path(d.issuerKeyFile()), ErrKeyMissing)
	}
	return merge, err
}

// signMerge signs the CRLs that a merge needs.
func (d *directory) signMerge(ctx context.Context, merge *mesh.Merge) error {
	for _, r := range merge.Resign() {
		if err := d.signCRL(ctx, r.CA, ca.CRLOptions{Carried: r.Carried}); err != nil {
			return err
		}
	}
	return nil
}
