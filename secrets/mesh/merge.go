package mesh

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// Merged is what a mesh accepted of an [Exchange].
type Merged struct {
	// Discovered are CAs that were not known, and other certificates of known ones.
	Discovered []Summary
	CRLs       []MergedCRL // in the order of the exchange, each once
	// Revoked are the CAs that were known, and are revoked as of this change.
	Revoked []RevokedCA
}

// MergedCRL is a CRL of an exchange.
type MergedCRL struct {
	Subject string // of its CA
	Action  CRLAction
	// CRL is what it says. That of an unknown CA is not verified.
	CRL CRLSummary
	// Dropped is how many serials of unknown certificates the last CRL revoked and this one does
	// not. A CA may drop expired certificates.
	Dropped int
}

// CRLAction is what became of a CRL.
type CRLAction string

// What can become of a CRL.
const (
	CRLAccepted CRLAction = "accepted" // there was none, or one with a lower number
	CRLMerged   CRLAction = "merged"   // the CA signed its next CRL, with the entries of both
	CRLKept     CRLAction = "kept"     // it was here already
	CRLOlder    CRLAction = "older"    // the one that is here has a higher number
	CRLUnused   CRLAction = "unused"   // its CA has ended
	// CRLUnknown: its CA is not known, so it is ignored. If CRLs are published, proxies refuse
	// the chains of that CA.
	CRLUnknown CRLAction = "unknown"
)

// RevokedCA is a CA that is revoked as of a change.
type RevokedCA struct {
	Cluster     string
	Certificate Summary
	Role        Role
}

// maxClusterCRL is the most that the CRL of a CA may take that signs for one cluster, in bytes.
// Such a CA issues leaves, which istiod does not revoke, so its CRL is empty. A stolen one must
// not fill the CRL bundle of all clusters, or its own revocation would have no room.
const maxClusterCRL = 16 << 10

// signsForCluster reports whether a CA issues leaves, and no CAs.
func signsForCluster(cert *x509.Certificate) bool { return cert.MaxPathLenZero && cert.MaxPathLen == 0 }

// WithdrawnError says that the newer of two CRLs of one CA withdraws the revocation of a CA that
// the older one revokes.
type WithdrawnError struct {
	Subject       string // of the CA of the CRLs
	Revoked       string // the subject of the revoked CA
	Older, Newest *big.Int
	// Issuer reports that the CA is the one that issues here: with its key the two can be merged.
	Issuer bool
}

func (e *WithdrawnError) Error() string {
	text := fmt.Sprintf("CRL %d of %s revokes %s, and CRL %d does not", e.Older, e.Subject, e.Revoked, e.Newest)
	if e.Issuer {
		return text
	}
	return text + ": expected one with all entries, from the directory that has the key"
}

// Merge is an exchange that is merged into a mesh. What other places report is accepted here
// and nowhere else, and nothing that was revoked is valid again because of it.
type Merge struct {
	mesh   *Mesh
	hasKey func(*CA) (bool, error)
	merged Merged
	before map[string]Role                       // of the CAs that were not revoked before, by their IDs
	resign map[string][]x509.RevocationListEntry // what the next CRL of a CA has to revoke as well
}

// Merge accepts certificates of CAs that chain to a known root, and the newest CRL of each CA.
// It refuses a certificate or CRL that no known CA signed; it ignores what has expired, and CRLs
// of unknown CAs, unless there is nothing else. HasKey reports whether the key of a CA is at
// hand. Merge changes the mesh, also if it fails: a mesh that failed to merge is of no use any more.
// Nothing is signed yet, see [Merge.Resign].
func (m *Mesh) Merge(e Exchange, hasKey func(*CA) (bool, error)) (*Merge, error) {
	g := &Merge{mesh: m, hasKey: hasKey, before: make(map[string]Role), resign: make(map[string][]x509.RevocationListEntry)}
	for _, a := range m.cas {
		if !a.Ended(m.Now) && !m.IsRevoked(a) {
			g.before[a.id] = m.Role(a)
		}
	}
	certs, ended := m.partEnded(e.Certificates)
	if err := g.discover(certs); err != nil {
		return nil, err
	}
	if err := g.acceptCRLs(e.CRLs, ended); err != nil {
		return nil, err
	}
	known := func(c MergedCRL) bool { return c.Action != CRLUnknown }
	if len(e.Certificates) == 0 && len(e.CRLs) > 0 && !slices.ContainsFunc(g.merged.CRLs, known) {
		return nil, fmt.Errorf("no known CA signed the CRL of %q", e.CRLs[0].Issuer)
	}
	return g, nil
}

func (m *Mesh) partEnded(certs []*x509.Certificate) (valid []*x509.Certificate, ended index) {
	ended = newIndex(0)
	for _, cert := range certs {
		if a := NewCA("", cert); a.Ended(m.Now) {
			ended.add(a)
		} else {
			valid = append(valid, cert)
		}
	}
	return valid, ended
}

// discover accepts certificates in any order: the certificate of an issuer may follow.
func (g *Merge) discover(certs []*x509.Certificate) error {
	for left := certs; len(left) > 0; {
		var later []*x509.Certificate
		for _, cert := range left {
			if a := g.mesh.CA(cert); a != nil && a.Has(cert) {
				continue
			}
			if !g.mesh.chainsToRoot(cert) {
				later = append(later, cert)
				continue
			}
			if _, err := g.mesh.Accept(g.mesh.clusterOf(cert), cert); err != nil {
				return err
			}
			g.merged.Discovered = append(g.merged.Discovered, Summarize(cert))
		}
		if len(later) == len(left) {
			return g.requireKnownKeys(later)
		}
		left = later
	}
	return nil
}

// requireKnownKeys is for certificates that no known CA issued. They may have the key of a CA
// that another certificate vouches for.
func (g *Merge) requireKnownKeys(certs []*x509.Certificate) error {
	for _, cert := range certs {
		if g.mesh.CA(cert) == nil {
			return fmt.Errorf("%s does not chain to a known CA", ca.Describe(cert))
		}
	}
	return nil
}

// chainsToRoot finds the CAs above one among those that are known, up to a root.
func (m *Mesh) chainsToRoot(cert *x509.Certificate) bool {
	chain := []*x509.Certificate{cert}
	for range len(m.cas) + 1 {
		last := chain[len(chain)-1]
		if bytes.Equal(last.RawSubject, last.RawIssuer) {
			break
		}
		issuer := m.known.issuerOf(last)
		if issuer == nil {
			return false
		}
		chain = append(chain, issuer)
	}
	if len(chain) == 1 {
		return false
	}
	refused, _ := ca.Tolerate(ca.VerifyIntermediate(chain, ca.VerifyOptions{Now: m.clock}))
	return len(refused) == 0
}

// clock is the instant of the mesh for package ca.
func (m *Mesh) clock() time.Time { return m.Now }

// clusterOf is whose intermediate a CA is, by the name that the CA which issues here gave it.
func (m *Mesh) clusterOf(cert *x509.Certificate) string {
	if !signsForCluster(cert) || cert.CheckSignatureFrom(m.Issuing[0]) != nil {
		return ""
	}
	return ClusterOf(cert.Subject.CommonName, cert.PublicKey)
}

func (g *Merge) acceptCRLs(lists []*x509.RevocationList, ended index) error {
	seen := make(map[string]bool, len(lists)) // the bundles of several clusters have the same
	for _, list := range lists {
		if seen[string(list.Raw)] {
			continue
		}
		seen[string(list.Raw)] = true
		if err := g.acceptCRL(list, ended); err != nil {
			return err
		}
	}
	return nil
}

func (g *Merge) acceptCRL(list *x509.RevocationList, ended index) error {
	candidates := slices.Concat(g.mesh.known.byName[string(list.RawIssuer)], ended.byName[string(list.RawIssuer)])
	done := MergedCRL{Subject: cmp.Or(list.Issuer.CommonName, list.Issuer.String()), Action: CRLUnknown, CRL: SummarizeCRL(list)}
	if len(candidates) == 0 {
		g.merged.CRLs = append(g.merged.CRLs, done)
		return nil
	}
	a, err := g.signerOf(candidates, list)
	if err != nil {
		return err
	}
	if done.Action, err = g.decide(a, list); err != nil {
		return err
	}
	done.Subject = ca.Describe(a.Certificate())
	if done.Action == CRLAccepted && a.crl != nil {
		done.Dropped = len(missingEntries(list, a.crl.RevokedCertificateEntries))
	}
	if (done.Action == CRLAccepted || done.Action == CRLMerged) && (a.crl == nil || list.Number.Cmp(a.crl.Number) > 0) {
		a.SetCRL(list)
	}
	g.merged.CRLs = append(g.merged.CRLs, done)
	return nil
}

// signerOf finds the CA that signed a CRL among those of its name.
func (g *Merge) signerOf(candidates []*CA, list *x509.RevocationList) (*CA, error) {
	var all []error
	for _, a := range candidates {
		err := a.checkCRL(list, g.mesh.Now)
		if err == nil {
			return a, nil
		}
		all = append(all, err)
	}
	return nil, errors.Join(all...)
}

func (g *Merge) decide(a *CA, list *x509.RevocationList) (CRLAction, error) {
	switch {
	case a.Ended(g.mesh.Now):
		return CRLUnused, nil
	case a.crl != nil && bytes.Equal(a.crl.Raw, list.Raw):
		return CRLKept, nil
	case (a.Cluster != "" || signsForCluster(a.Certificate())) && len(list.Raw) > maxClusterCRL:
		return "", fmt.Errorf("the CRL of %s takes %d bytes, expected at most %d of a CA that signs for one cluster", ca.Describe(a.Certificate()), len(list.Raw), maxClusterCRL)
	case a.crl == nil:
		return CRLAccepted, nil
	}
	local, err := g.hasKey(a)
	switch {
	case err != nil:
		return "", err
	case local:
		return g.combine(a, list), nil
	}
	return g.choose(a, list)
}

// combine is for a CA whose key is at hand: its next CRL has to revoke what the newer of the two
// does not.
func (g *Merge) combine(a *CA, list *x509.RevocationList) CRLAction {
	newest, other := inOrder(a.crl, list)
	g.resign[a.id] = missingEntries(newest, slices.Concat(g.resign[a.id], other.RevokedCertificateEntries))
	if len(g.resign[a.id]) > 0 {
		return CRLMerged
	}
	return compareNumbers(a.crl, list)
}

// choose is for a CA whose key is in another directory.
func (g *Merge) choose(a *CA, list *x509.RevocationList) (CRLAction, error) {
	newest, other := inOrder(a.crl, list)
	withdrawn := missingEntries(newest, other.RevokedCertificateEntries)
	if err := g.requireNotWithdrawn(withdrawn, a, newest, other); err != nil {
		return "", err
	}
	action := compareNumbers(a.crl, list)
	if action == CRLKept && len(withdrawn)+len(missingEntries(other, newest.RevokedCertificateEntries)) > 0 {
		return "", fmt.Errorf("the CRL of %s has the number %d of the one that is here, and other entries", ca.Describe(a.Certificate()), list.Number)
	}
	return action, nil
}

// requireNotWithdrawn refuses two CRLs of which the newer one withdraws the revocation of a known
// CA. Entries for unknown serials may be dropped: those certificates may have expired.
func (g *Merge) requireNotWithdrawn(withdrawn []x509.RevocationListEntry, a *CA, newest, other *x509.RevocationList) error {
	serials := serialsOf(withdrawn)
	if len(serials) == 0 {
		return nil
	}
	issuer := string(a.Certificate().RawSubject)
	for _, known := range g.mesh.cas {
		for _, c := range known.certs {
			if known.Ended(g.mesh.Now) || c.ID.issuer != issuer || !serials[c.ID.serial] {
				continue
			}
			return &WithdrawnError{
				Subject: ca.Describe(a.Certificate()), Revoked: ca.Describe(c.Certificate),
				Older: other.Number, Newest: newest.Number, Issuer: g.mesh.IsIssuer(a),
			}
		}
	}
	return nil
}

// NeedsIssuer reports whether the CA that issues has to sign.
func (g *Merge) NeedsIssuer() bool { return len(g.resign[g.mesh.Issuer().id]) > 0 }

// Resign is a CRL that has to be signed again.
type Resign struct {
	CA *CA
	// Carried are entries for its next CRL.
	Carried []x509.RevocationListEntry
}

// Resign are the CRLs that have to be signed before the merge is complete.
func (g *Merge) Resign() []Resign {
	var all []Resign
	for _, a := range g.mesh.cas {
		if entries := g.resign[a.id]; len(entries) > 0 {
			all = append(all, Resign{a, entries})
		}
	}
	return all
}

// Result is what was accepted. It is complete when the CRLs of Resign are signed.
func (g *Merge) Result() Merged {
	g.merged.Revoked = nil
	for _, a := range g.mesh.cas {
		if role, known := g.before[a.id]; known && g.mesh.IsRevoked(a) {
			g.merged.Revoked = append(g.merged.Revoked, RevokedCA{a.Cluster, a.Summary(), role})
		}
	}
	return g.merged
}

// inOrder are two CRLs, that with the higher number first.
func inOrder(here, there *x509.RevocationList) (newest, other *x509.RevocationList) {
	if there.Number.Cmp(here.Number) > 0 {
		return there, here
	}
	return here, there
}

func compareNumbers(here, there *x509.RevocationList) CRLAction {
	switch there.Number.Cmp(here.Number) {
	case 1:
		return CRLAccepted
	case 0:
		return CRLKept
	}
	return CRLOlder
}

// missingEntries are the entries that a CRL does not have, each once.
func missingEntries(list *x509.RevocationList, entries []x509.RevocationListEntry) []x509.RevocationListEntry {
	has := serialsOf(list.RevokedCertificateEntries)
	var missing []x509.RevocationListEntry
	for _, e := range entries {
		if serial := e.SerialNumber.String(); !has[serial] {
			has[serial] = true
			missing = append(missing, e)
		}
	}
	return missing
}

func serialsOf(entries []x509.RevocationListEntry) map[string]bool {
	serials := make(map[string]bool, len(entries))
	for _, e := range entries {
		serials[e.SerialNumber.String()] = true
	}
	return serials
}

// Consequence is what the revocation of a CA in use means, empty for any other CA.
func (r RevokedCA) Consequence() string {
	switch {
	case r.Role.IsAbove():
		return "PROXIES WITH THE CRL OF ITS ISSUER REFUSE EVERY CHAIN BELOW IT. Create a new CA in another directory, and move every cluster to it"
	case r.Role == RoleCurrent:
		return fmt.Sprintf("it is the CURRENT INTERMEDIATE of cluster %s, whose workloads are refused until it has another one", r.Cluster)
	}
	return ""
}
