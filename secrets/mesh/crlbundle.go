package mesh

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// MissingCRL is a CA that can stand in a chain of the mesh and that has no valid CRL here.
type MissingCRL struct {
	Cluster string // empty for a CA above the clusters, or of another mesh
	Subject string
	// NotAfter is the end of the CA: its CRL is needed until then.
	NotAfter time.Time
	// Expired is the next update of the CRL that is here; zero if there is none.
	Expired time.Time
	// CannotSign reports that the CA must not sign CRLs.
	CannotSign bool
	// Path is the folder of a CA bundle whose certificate cannot be read; nothing else is known
	// of its CA then.
	Path string
}

func (m MissingCRL) String() string {
	switch {
	case m.Path != "":
		return fmt.Sprintf("the CA in %s has no CRL here, because its certificate cannot be read", m.Path)
	case m.CannotSign:
		return fmt.Sprintf("%s has no CRL here, and cannot sign one", m.Subject)
	case m.Expired.IsZero():
		return fmt.Sprintf("%s has no CRL here", m.Subject)
	}
	return fmt.Sprintf("the CRL of %s expired at %s", m.Subject, m.Expired.UTC().Format(time.RFC3339))
}

// IncompleteError lists the CAs whose CRLs are missing. Proxies and istiod that check CRLs
// refuse the chains of a CA without one, so an incomplete CRL bundle is an outage.
type IncompleteError struct {
	Missing []MissingCRL
}

func (e *IncompleteError) Error() string {
	lines := make([]string, len(e.Missing))
	for i, m := range e.Missing {
		lines[i] = m.String()
	}
	return "the CRL bundle is incomplete: " + strings.Join(lines, "; ")
}

// CRLBundle is what every cluster needs if CRLs are published: the newest CRLs of all CAs that
// can still stand in a chain. It holds an expired CRL if there is no other, because istiod does
// not start without the CRLs of its own chain.
type CRLBundle struct {
	CRLs []*x509.RevocationList
	// Missing are the CAs that have no valid CRL here. A revoked CA needs none: verifiers refuse
	// its chains with it or without.
	Missing []MissingCRL
}

// maxBundleSize is the most that a CRL bundle may take, in bytes: a Secret holds 1 MiB, with
// its other entries.
const maxBundleSize = 1<<20 - 64<<10

// CRLBundle decides which CRLs a cluster needs. A bundle that is too large goes without those
// of revoked CAs.
func (m *Mesh) CRLBundle() CRLBundle {
	var b CRLBundle
	revoked := make(map[*x509.RevocationList]bool)
	for _, a := range m.cas {
		if a.Ended(m.Now) {
			continue
		}
		isRevoked := m.IsRevoked(a)
		if a.crl != nil {
			b.CRLs = append(b.CRLs, a.crl)
			revoked[a.crl] = isRevoked
		}
		if !isRevoked && (a.crl == nil || !a.crl.NextUpdate.After(m.Now)) {
			b.Missing = append(b.Missing, missing(a))
		}
	}
	for i := range m.bundles {
		if m.bundles[i].Damaged {
			b.Missing = append(b.Missing, MissingCRL{Path: m.bundles[i].Path})
		}
	}
	if size(b.CRLs) > maxBundleSize {
		b.CRLs = slices.DeleteFunc(b.CRLs, func(list *x509.RevocationList) bool { return revoked[list] })
	}
	return b
}

func missing(a *CA) MissingCRL {
	cert := a.Certificate()
	m := MissingCRL{Cluster: a.Cluster, Subject: ca.Describe(cert), NotAfter: cert.NotAfter, CannotSign: !SignsCRLs(cert)}
	if a.crl != nil {
		m.Expired = a.crl.NextUpdate
	}
	return m
}

func size(lists []*x509.RevocationList) int { return len(ca.MarshalCRLs(lists...)) }

// Marshal writes the bundle in PEM. A CRL that is missing is an [*IncompleteError], unless that
// is allowed; an empty bundle, and one that is too large for a Secret, are errors.
func (b CRLBundle) Marshal(allowIncomplete bool) ([]byte, error) {
	data := ca.MarshalCRLs(b.CRLs...)
	switch {
	case len(b.Missing) > 0 && !allowIncomplete:
		return nil, &IncompleteError{Missing: b.Missing}
	case len(b.CRLs) == 0:
		return nil, errors.New("no CA has a CRL here")
	case len(data) > maxBundleSize:
		return nil, fmt.Errorf("the CRLs of %d CAs take %d bytes, and a Secret has room for %d", len(b.CRLs), len(data), maxBundleSize)
	}
	return data, nil
}

// Matcher returns a function that reports whether a file has all CRLs of the bundle. CRLs that it
// has beyond them, of CAs that have expired since, do no harm.
func (b CRLBundle) Matcher() func(file []byte) bool {
	want := ca.MarshalCRLs(b.CRLs...)
	return func(file []byte) bool {
		if bytes.Equal(file, want) {
			return true
		}
		lists, err := ca.ParseCRLs(file)
		if err != nil {
			return false
		}
		has := make(map[string]bool, len(lists))
		for _, list := range lists {
			has[string(list.Raw)] = true
		}
		return !slices.ContainsFunc(b.CRLs, func(list *x509.RevocationList) bool { return !has[string(list.Raw)] })
	}
}
