package fabric

import (
	"context"
	"errors"
	"slices"
)

// ImportCRLsOptions adjust ImportCRLs; the zero value is good.
type ImportCRLsOptions struct {
	// AllowIncomplete writes the sets of CRLs even if CRLs are missing.
	AllowIncomplete bool
	// DryRun checks everything and changes nothing.
	DryRun bool
}

// ImportedCRLs is what ImportCRLs did.
type ImportedCRLs struct {
	Taken
	// Changed reports that there is something new, for a cluster or for the directory.
	Changed bool
	// Written reports that CRLs are published, and that the clusters have the set that follows
	// from the import.
	Written bool
	Publication
}

// ImportCRLs takes CRLs of CAs whose key is elsewhere, and the certificates of CAs that are
// not known here: those have to lead to a CA that is. A CRL counts if its number is higher than
// that of the one that is here. One that a CA which is known did not sign, under its name, is
// refused; one of a CA that is not known is [CRLUnknown], and an error only where nothing else
// is known. A CA that the CA which issues here named for a cluster is the intermediate of that
// cluster from then on.
//
// A CRL of the CA that issues here, or of another one whose key is here, can come from a
// directory that this one was copied from. Nothing that either of the two revokes is lost: where
// neither has all, the next CRL is signed, which has. Where the key is elsewhere, two CRLs of
// which the newer one takes the revocation of a known CA back are refused.
//
// Where CRLs are published every cluster gets the new set. If it lacks CRLs that were missing
// before, the clusters keep what they have, unless AllowIncomplete is set.
//
// The error names the certificate or the CRL, or is an [*IncompleteError] where CRLs are
// published and the import itself brings a CA whose CRL is not here, or has expired.
func (f *Fabric) ImportCRLs(ctx context.Context, e Exchange, o ImportCRLsOptions) (ImportedCRLs, error) {
	if len(e.Certificates)+len(e.CRLs) == 0 {
		return ImportedCRLs{}, errors.New("no certificate and no CRL is given")
	}
	i := &crlImport{exchange: e, options: o}
	err := f.changeMesh(ctx, meshChange{
		dryRun: o.DryRun,
		issues: func(m *mesh) (bool, error) { return i.look(m) },
		make:   i.run,
	})
	if err != nil {
		return ImportedCRLs{}, err
	}
	return i.done, nil
}

// crlImport is one call of ImportCRLs.
type crlImport struct {
	exchange Exchange
	options  ImportCRLsOptions
	taking   *taking
	missing  []MissingCRL // before the import
	done     ImportedCRLs
}

// look takes everything into the memory. It reports whether the CA that issues has to sign.
func (i *crlImport) look(m *mesh) (signs bool, err error) {
	_, i.missing = m.crlSet()
	if i.taking, err = m.take(i.exchange); err != nil {
		return false, err
	}
	return i.taking.signs(), nil
}

func (i *crlImport) run(ctx context.Context, m *mesh) error {
	if err := i.taking.finish(ctx); err != nil {
		return err
	}
	defer func() { i.done.Changed = m.c.changed.Load() }()
	i.done = ImportedCRLs{Taken: i.taking.Taken, Publication: m.publication()}
	if err := m.record(); err != nil || !m.config.PublishCRLs {
		return err
	}
	if len(i.done.Missing) > 0 && !i.options.AllowIncomplete && !i.worse() {
		return nil
	}
	i.done.Written = true
	return m.publishSet(nil, i.options.AllowIncomplete)
}

// worse reports whether something is missing that was not missing before.
func (i *crlImport) worse() bool {
	return slices.ContainsFunc(i.done.Missing, func(now MissingCRL) bool {
		return !slices.ContainsFunc(i.missing, func(before MissingCRL) bool { return before.Subject == now.Subject })
	})
}
