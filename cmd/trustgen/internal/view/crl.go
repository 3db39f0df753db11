package view

import (
	"cmp"
	"io"
	"strconv"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// CRLStatus is the result of crl status.
type CRLStatus struct {
	Publishes   bool          `json:"publishes"`
	Authorities []CRLStatusCA `json:"authorities"`
	// Stale are the clusters whose CRL bundles have missing entries.
	Stale []string `json:"stale,omitempty"`
}

// CRLStatusCA is a CA, and its CRL.
type CRLStatusCA struct {
	Cluster     string         `json:"cluster,omitempty"`
	Role        mesh.Role      `json:"role"`
	Lifecycle   mesh.Lifecycle `json:"lifecycle"`
	Revocation  *Revocation    `json:"revocation,omitempty"`
	InUse       bool           `json:"inUse"`
	KeyLocal    bool           `json:"keyLocal"`
	SignsCRLs   bool           `json:"signsCRLs"`
	CRLState    mesh.CRLState  `json:"crlState"`
	CRL         *CRL           `json:"crl,omitempty"`
	Certificate *Certificate   `json:"certificate"`
	// Effects are those of a missing or expired CRL on each data plane.
	Effects *Effects `json:"effects,omitempty"`
}

// Revocation is a revocation in a CRL, or a pending one.
type Revocation struct {
	Reason string `json:"reason"`
	At     string `json:"at"`
}

// CRL is the newest CRL of a CA.
type CRL struct {
	Number     string `json:"number"`
	ThisUpdate string `json:"thisUpdate"`
	NextUpdate string `json:"nextUpdate"`
	Revoked    int    `json:"revoked"`
}

// Effects are what each data plane does.
type Effects struct {
	Envoy   string `json:"envoy"`
	Istiod  string `json:"istiod"`
	Ztunnel string `json:"ztunnel"`
}

// NewCRLStatus is the view of the CAs of a mesh.
func NewCRLStatus(found fabric.CAsResult) CRLStatus {
	result := CRLStatus{Publishes: found.Publishes, Stale: found.Stale}
	for _, a := range found.CAs {
		entry := CRLStatusCA{
			Cluster: a.Cluster, Role: a.Role, Lifecycle: a.Lifecycle, InUse: a.Role.InUse(), KeyLocal: a.KeyLocal, SignsCRLs: a.SignsCRLs,
			CRLState: a.CRLState, Certificate: NewCertificate(a.Certificate), Effects: (*Effects)(a.Effects),
		}
		if a.Revocation != nil {
			entry.Revocation = &Revocation{a.Revocation.Reason.String(), term.Time(a.Revocation.At)}
		}
		if a.CRL != nil {
			entry.CRL = &CRL{a.CRL.Number.String(), term.Time(a.CRL.ThisUpdate), term.Time(a.CRL.NextUpdate), a.CRL.Revoked}
		}
		result.Authorities = append(result.Authorities, entry)
	}
	return result
}

// Table implements [Result].
func (r CRLStatus) Table(w io.Writer) error {
	t := table{{"CLUSTER", "SUBJECT", "ROLE", "LIFECYCLE", "NOT AFTER", "KEY", "CRL", "NUMBER", "NEXT UPDATE", "REVOKES"}}
	for _, a := range r.Authorities {
		key, crl, number, next, revokes := "remote", string(a.CRLState), "-", "-", "-"
		if a.KeyLocal {
			key = "local"
		}
		if !a.SignsCRLs {
			crl += ", cannot sign"
		}
		if a.CRL != nil {
			number, next, revokes = a.CRL.Number, a.CRL.NextUpdate, strconv.Itoa(a.CRL.Revoked)
		}
		t.add(cmp.Or(a.Cluster, "-"), a.Certificate.Subject, string(a.Role), string(a.Lifecycle), a.Certificate.NotAfter, key, crl, number, next, revokes)
	}
	return t.write(w)
}

// CRLRefresh is the result of crl refresh.
type CRLRefresh struct {
	Changed bool         `json:"changed"`
	Signed  []SignedCRL  `json:"signed"`
	Missing []MissingCRL `json:"missing,omitempty"`
	DryRun  bool         `json:"dryRun,omitempty"`
}

// SignedCRL is a new CRL.
type SignedCRL struct {
	*Certificate
	Number     string `json:"number"`
	NextUpdate string `json:"nextUpdate"`
}

// NewCRLRefresh is the view of what RefreshCRLs did.
func NewCRLRefresh(done fabric.RefreshCRLsResult, dryRun bool) CRLRefresh {
	result := CRLRefresh{Changed: done.Changed, Signed: []SignedCRL{}, Missing: newMissingCRLs(done.Missing), DryRun: dryRun}
	for _, s := range done.Signed {
		result.Signed = append(result.Signed, SignedCRL{NewCertificate(s.Certificate), s.CRL.Number.String(), term.Time(s.CRL.NextUpdate)})
	}
	return result
}

// Table implements [Result].
func (r CRLRefresh) Table(w io.Writer) error {
	t := table{{"SIGNED THE CRL OF", "NOT AFTER", "NUMBER", "NEXT UPDATE"}}
	for _, s := range r.Signed {
		t.add(s.Subject, s.NotAfter, s.Number, s.NextUpdate)
	}
	return t.write(w)
}

// CRLImport is the result of crl import.
type CRLImport struct {
	Discovered []*Certificate `json:"discovered,omitempty"`
	CRLs       []ImportedCRL  `json:"crls"`
	Revoked    []RevokedCA    `json:"revoked,omitempty"`
	Missing    []MissingCRL   `json:"missing,omitempty"`
	DryRun     bool           `json:"dryRun,omitempty"`
}

// ImportedCRL is a CRL of the import.
type ImportedCRL struct {
	Subject    string         `json:"subject"`
	Action     mesh.CRLAction `json:"action"`
	Number     string         `json:"number"`
	NextUpdate string         `json:"nextUpdate"`
	Revoked    int            `json:"revoked"`
}

// RevokedCA is a CA that the import revoked, with its role.
type RevokedCA struct {
	*Certificate
	Cluster string    `json:"cluster,omitempty"`
	Role    mesh.Role `json:"role"`
}

// NewCRLImport is the view of what ImportCRLs did.
func NewCRLImport(done fabric.ImportCRLsResult, dryRun bool) CRLImport {
	result := CRLImport{
		Discovered: newCertificates(done.Discovered), CRLs: []ImportedCRL{},
		Revoked: newRevokedCAs(done.Revoked), Missing: newMissingCRLs(done.Missing), DryRun: dryRun,
	}
	for _, list := range done.CRLs {
		result.CRLs = append(result.CRLs, ImportedCRL{
			list.Subject, list.Action, list.CRL.Number.String(), term.Time(list.CRL.NextUpdate), list.CRL.Revoked,
		})
	}
	return result
}

// Table implements [Result].
func (r CRLImport) Table(w io.Writer) error {
	t := table{{"CRL OF", "ACTION", "NUMBER", "NEXT UPDATE", "REVOKES"}}
	for _, list := range r.CRLs {
		t.add(list.Subject, string(list.Action), list.Number, list.NextUpdate, strconv.Itoa(list.Revoked))
	}
	return t.write(w)
}

func newRevokedCAs(revoked []mesh.RevokedCA) []RevokedCA {
	var all []RevokedCA
	for _, r := range revoked {
		all = append(all, RevokedCA{NewCertificate(r.Certificate), r.Cluster, r.Role})
	}
	return all
}

// MissingCRL is a CA whose CRL is missing or has expired.
type MissingCRL struct {
	Cluster  string `json:"cluster,omitempty"`
	Subject  string `json:"subject,omitempty"`
	NotAfter string `json:"notAfter,omitempty"`
	Expired  string `json:"expired,omitempty"`
	// Path is the folder of a CA bundle whose certificate cannot be read.
	Path string `json:"path,omitempty"`
}

func newMissingCRLs(missing []mesh.MissingCRL) []MissingCRL {
	var all []MissingCRL
	for _, m := range missing {
		r := MissingCRL{Cluster: m.Cluster, Subject: m.Subject, Path: m.Path}
		if !m.NotAfter.IsZero() { // the certificate can be read
			r.NotAfter = term.Time(m.NotAfter)
		}
		if !m.Expired.IsZero() {
			r.Expired = term.Time(m.Expired)
		}
		all = append(all, r)
	}
	return all
}
