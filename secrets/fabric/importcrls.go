package fabric

import (
	"context"
	"errors"
	"fmt"

	"github.com/trustgen/trustgen/secrets/mesh"
)

// ImportCRLsOptions adjust ImportCRLs; the zero value is ready to use.
type ImportCRLsOptions struct {
	// Incomplete writes the CRL bundles even if CRLs are missing.
	Incomplete bool
	// DryRun checks everything and changes nothing.
	DryRun bool
}

// ImportCRLsResult is what ImportCRLs did.
type ImportCRLsResult struct {
	mesh.Merged
	// Changed reports that a cluster or the directory has something new.
	Changed bool
	// Written reports that CRLs are published, and that the clusters have the CRL bundle that
	// follows from the import.
	Written bool
	mesh.Publication
}

// NotInEffect is the error for revocations that no cluster enforces, because the clusters keep their
// CRL bundles; nil if there are none. It is a [*mesh.IncompleteError].
func (r ImportCRLsResult) NotInEffect() error {
	if len(r.Revoked) == 0 || !r.Publishes || r.Written {
		return nil
	}
	return fmt.Errorf("the new revocations are not in effect, because the clusters keep their CRL bundles: %w", &mesh.IncompleteError{Missing: r.Missing})
}

// ImportCRLs merges CRLs of CAs whose keys are in other directories, and certificates of CAs
// that are not known here: those have to chain to a known CA. A CRL is accepted if its number is
// higher than that of the one that is here. A CRL with the name of a known CA that this CA did
// not sign is refused. A CRL of an unknown CA is [mesh.CRLUnknown], and an error if there is
// nothing else. A CA that the CA which issues here named for a cluster becomes an intermediate of
// that cluster.
//
// A CRL of a CA whose key is here can come from a directory that this one was copied from. No
// revocation of either is lost: if neither has all entries, the CA signs its next CRL with both.
// If the key is in another directory, two CRLs of which the newer one withdraws the revocation of
// a known CA are refused with a [*mesh.WithdrawnError].
//
// If CRLs are published every cluster gets the new CRL bundle. If CRLs are missing in it that were
// missing before, the clusters keep their bundles, unless Incomplete is set.
//
// The error names the certificate or the CRL, or is a [*mesh.IncompleteError] if CRLs are published
// and the import itself brings a CA without a valid CRL.
func (f *Fabric) ImportCRLs(ctx context.Context, e mesh.Exchange, o ImportCRLsOptions) (ImportCRLsResult, error) {
	if len(e.Certificates)+len(e.CRLs) == 0 {
		return ImportCRLsResult{}, errors.New("no certificate and no CRL is given")
	}
	i := &importingCRLs{ImportCRLsOptions: o, exchange: e}
	if err := f.run(ctx, operation{dryRun: o.DryRun, decide: i.decide, change: i.change}, &passphrases{}); err != nil {
		return ImportCRLsResult{}, err
	}
	return i.result, nil
}

// importingCRLs is one call of ImportCRLs.
type importingCRLs struct {
	ImportCRLsOptions
	exchange mesh.Exchange

	mesh    *mesh.Mesh
	merge   *mesh.Merge
	missing map[string]bool // the subjects of CAs without a CRL, before the import
	result  ImportCRLsResult
}

// decide merges everything in memory.
func (i *importingCRLs) decide(ctx context.Context, d *directory) (needs, error) {
	var err error
	if i.mesh, err = d.mesh(ctx); err != nil {
		return needs{}, err
	}
	i.missing = make(map[string]bool)
	for _, m := range i.mesh.CRLBundle().Missing {
		i.missing[m.Subject] = true
	}
	if i.merge, err = d.merge(i.mesh, i.exchange); err != nil {
		return needs{}, err
	}
	return needs{issuerKey: i.merge.NeedsIssuer()}, nil
}

func (i *importingCRLs) change(ctx context.Context, d *directory) error {
	if err := d.signMerge(ctx, i.merge); err != nil {
		return err
	}
	i.result = ImportCRLsResult{Merged: i.merge.Result(), Publication: i.mesh.Publication()}
	err := d.writeRecords(i.mesh)
	if err == nil && i.mesh.PublishCRLs && (len(i.result.Missing) == 0 || i.Incomplete || i.isWorse()) {
		i.result.Written = true
		err = d.writeCRLs(i.mesh, nil, i.Incomplete)
	}
	i.result.Changed = d.files.changed.Load()
	return err
}

// isWorse reports whether a CRL is missing that was not missing before.
func (i *importingCRLs) isWorse() bool {
	for _, m := range i.result.Missing {
		if !i.missing[m.Subject] {
			return true
		}
	}
	return false
}
