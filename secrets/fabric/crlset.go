package fabric

import (
	"context"
	"crypto/x509"
)

// CRLSet is the CRLs of all CAs that can still stand in a chain of the mesh.
type CRLSet struct {
	CRLs []*x509.RevocationList
	// Missing are the CAs whose CRL it lacks.
	Missing []MissingCRL
}

// CRLSetOptions adjust CRLs; the zero value is good.
type CRLSetOptions struct {
	// AllowIncomplete takes a set that lacks CRLs.
	AllowIncomplete bool
}

// CRLs is the set that every cluster gets where CRLs are published. The error is an
// [*IncompleteError].
func (f *Fabric) CRLs(ctx context.Context, o CRLSetOptions) (CRLSet, error) {
	var set CRLSet
	err := f.view(ctx, func(m *mesh) error {
		set.CRLs, set.Missing = m.crlSet()
		if len(set.Missing) > 0 && !o.AllowIncomplete {
			return &IncompleteError{Dir: m.Dir(), Missing: set.Missing}
		}
		return nil
	})
	return set, err
}
