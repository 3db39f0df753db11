package fabric

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"

	"github.com/trustgen/trustgen/ca"
)

// ImportCRLsOptions adjust ImportCRLs; the zero value is good.
type ImportCRLsOptions struct {
	// AllowIncomplete writes the sets of CRLs even if CRLs are missing.
	AllowIncomplete bool
	// DryRun checks everything and changes nothing.
	DryRun bool
}

// CRLAction is what ImportCRLs did with a CRL.
type CRLAction string

// The actions of ImportCRLs.
const (
	CRLTaken  CRLAction = "taken"  // there was none, or one with a lower number
	CRLMerged CRLAction = "merged" // the next CRL of the CA was signed, with what both revoke
	CRLKept   CRLAction = "kept"   // it was here already
	CRLOlder  CRLAction = "older"  // the one that is here has a higher number
	CRLUnused CRLAction = "unused" // its CA has ended
)

// ImportedCRLs is what ImportCRLs did.
type ImportedCRLs struct {
	// Learned are the CAs that were not known.
	Learned []Certificate
	CRLs    []ImportedCRL // in the order of the file
	// Publishes reports that CRLs are published; Written, that the clusters have the set
	// that follows from the import.
	Publishes, Written bool
	Clusters           []string // whose sets are here
	// Missing is what the set lacks.
	Missing []MissingCRL
}

// ImportedCRL is a CRL of an import.
type ImportedCRL struct {
	Subject string // of its CA
	Action  CRLAction
	CRL     CRL
}

// ImportCRLs takes CRLs of CAs whose key is elsewhere, and the certificates of CAs that are
// not known here: those have to lead to a CA that is. A CRL has to be signed by a CA that is
// known, and counts if its number is higher than that of the one that is here.
//
// A CRL of the CA that issues here, or of another one whose key is here, can come from a
// directory that this one was copied from. Nothing that either of the two revokes is lost: where
// neither has all, the next CRL is signed, which has.
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
	done     ImportedCRLs
	missing  []MissingCRL                          // before the import
	merges   map[string][]x509.RevocationListEntry // what the next CRL of a CA has to revoke as well
}

// look takes everything into the memory. It reports whether the CA that issues has to sign.
func (i *crlImport) look(m *mesh) (bool, error) {
	i.done, i.merges = ImportedCRLs{Clusters: m.clusters, Publishes: m.config.PublishCRLs}, make(map[string][]x509.RevocationListEntry)
	_, i.missing = crlSet(m.all, m.now())
	certs, ended := m.partEnded(i.exchange.Certificates)
	fresh, err := m.learnCertificates(m.all, certs)
	if err != nil {
		return false, err
	}
	for _, a := range fresh {
		i.done.Learned = append(i.done.Learned, describe(a.cert))
	}
	m.add(fresh, false)
	for _, list := range i.exchange.CRLs {
		a, err := m.ownerOf(slices.Concat(m.all, ended), list)
		if err != nil {
			return false, err
		}
		if err := i.take(m, a, list); err != nil {
			return false, err
		}
	}
	return len(i.merges[m.issuer().id()]) > 0, nil
}

// take decides about one CRL.
func (i *crlImport) take(m *mesh, a *authority, list *x509.RevocationList) error {
	var action CRLAction
	var err error
	switch {
	case a.ended(m.now()):
		action = CRLUnused
	case a.crl == nil:
		action = CRLTaken
	case bytes.Equal(a.crl.Raw, list.Raw):
		action = CRLKept
	default:
		action, err = i.compare(m, a, list)
	}
	if err != nil {
		return err
	}
	if (action == CRLTaken || action == CRLMerged) && (a.crl == nil || list.Number.Cmp(a.crl.Number) > 0) {
		a.crl = list
		m.touch(a)
	}
	i.done.CRLs = append(i.done.CRLs, ImportedCRL{ca.Describe(a.cert), action, describeCRL(list)})
	return nil
}

// compare is for a CA that has another CRL here.
func (i *crlImport) compare(m *mesh, a *authority, list *x509.RevocationList) (CRLAction, error) {
	order := list.Number.Cmp(a.crl.Number)
	mine, err := m.hasKey(a)
	switch {
	case err != nil:
		return "", err
	case mine:
		return i.merge(a, list), nil
	case m.isIssuing(a):
		if err := m.wantSameRevoked(a, list); err != nil {
			return "", err
		}
	case order == 0:
		return "", fmt.Errorf("the CRL of %s has the number %d, as the one that is here, and is another one", ca.Describe(a.cert), list.Number)
	}
	switch {
	case order > 0:
		return CRLTaken, nil
	case order == 0:
		return CRLKept, nil
	}
	return CRLOlder, nil
}

// merge finds what the CRL with the higher number lacks. The next one has to revoke that.
func (i *crlImport) merge(a *authority, list *x509.RevocationList) CRLAction {
	newer := list.Number.Cmp(a.crl.Number) > 0
	base, other := a.crl, list
	if newer {
		base, other = list, a.crl
	}
	all := slices.Concat(i.merges[a.id()], other.RevokedCertificateEntries)
	i.merges[a.id()] = lacking(base, all)
	switch {
	case len(i.merges[a.id()]) > 0:
		return CRLMerged
	case newer:
		return CRLTaken
	case list.Number.Cmp(a.crl.Number) == 0:
		return CRLKept
	}
	return CRLOlder
}

// lacking are the entries that a CRL does not have, each once.
func lacking(list *x509.RevocationList, entries []x509.RevocationListEntry) []x509.RevocationListEntry {
	var lacks []x509.RevocationListEntry
	for _, e := range entries {
		same := func(other x509.RevocationListEntry) bool { return other.SerialNumber.Cmp(e.SerialNumber) == 0 }
		if !slices.ContainsFunc(list.RevokedCertificateEntries, same) && !slices.ContainsFunc(lacks, same) {
			lacks = append(lacks, e)
		}
	}
	return lacks
}

// wantSameRevoked is for the CA that issues, while its key is not here: none of the two CRLs
// may take a revocation back. Of certificates that are not known nobody can say whether they
// have expired, so that a CA may forget them.
func (m *mesh) wantSameRevoked(a *authority, list *x509.RevocationList) error {
	base, other := a.crl, list
	if list.Number.Cmp(a.crl.Number) > 0 {
		base, other = list, a.crl
	}
	lacks := lacking(base, other.RevokedCertificateEntries)
	for _, known := range m.all {
		revoked := func(e x509.RevocationListEntry) bool { return e.SerialNumber.Cmp(known.cert.SerialNumber) == 0 }
		if known.ended(m.now()) || !bytes.Equal(known.cert.RawIssuer, a.cert.RawSubject) || !slices.ContainsFunc(lacks, revoked) {
			continue
		}
		name, missing := keyFileOf(m.issuing)
		return fmt.Errorf("the CRL %d of %s revokes %s, and %d does not; to sign one that has all: %s: %w",
			other.Number, ca.Describe(a.cert), ca.Describe(known.cert), base.Number, m.path(name), missing)
	}
	return nil
}

func (i *crlImport) run(ctx context.Context, m *mesh) error {
	for _, a := range m.all {
		if lacks := i.merges[a.id()]; len(lacks) > 0 {
			if err := m.nextCRL(ctx, a, nextCRL{revoked: lacks}); err != nil {
				return fmt.Errorf("the CRL of %s: %w", ca.Describe(a.cert), err)
			}
		}
	}
	_, i.done.Missing = crlSet(m.all, m.now())
	if err := m.record(); err != nil || !m.config.PublishCRLs {
		return err
	}
	if len(i.done.Missing) > 0 && !i.options.AllowIncomplete && !i.worse() {
		return nil
	}
	i.done.Written = true
	return m.publishSet(publication{allowIncomplete: i.options.AllowIncomplete})
}

// worse reports whether something is missing that was not missing before.
func (i *crlImport) worse() bool {
	return slices.ContainsFunc(i.done.Missing, func(now MissingCRL) bool {
		return !slices.ContainsFunc(i.missing, func(before MissingCRL) bool { return before.Subject == now.Subject })
	})
}

func describeCRL(list *x509.RevocationList) CRL {
	return CRL{Number: list.Number, ThisUpdate: list.ThisUpdate, NextUpdate: list.NextUpdate, Revoked: len(list.RevokedCertificateEntries)}
}
