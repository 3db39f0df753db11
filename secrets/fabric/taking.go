package fabric

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/trustgen/trustgen/ca"
)

// Taken is what was taken of an [Exchange].
type Taken struct {
	// Learned are the CAs that were not known, and certificates of known ones that were not.
	Learned []Certificate
	CRLs    []ImportedCRL // in the order of the exchange, each once
	// Revoked are the CAs that were known, and are revoked since now.
	Revoked []RevokedCA
}

// ImportedCRL is a CRL of an exchange.
type ImportedCRL struct {
	Subject string // of its CA
	Action  CRLAction
	// CRL is what it says. That of an unknown CA is not verified.
	CRL CRL
	// Forgets is how many certificates, which nobody here knows, the one that was here revoked
	// and this one does not: right if they have expired.
	Forgets int
}

// CRLAction is what became of a CRL.
type CRLAction string

// What can become of a CRL.
const (
	CRLTaken  CRLAction = "taken"  // there was none, or one with a lower number
	CRLMerged CRLAction = "merged" // the next CRL of the CA was signed, with what both revoke
	CRLKept   CRLAction = "kept"   // it was here already
	CRLOlder  CRLAction = "older"  // the one that is here has a higher number
	CRLUnused CRLAction = "unused" // its CA has ended
	// CRLUnknown: it is passed over, since its CA is not known here. Where CRLs are
	// published the set lacks it, so that proxies refuse what that CA issued.
	CRLUnknown CRLAction = "unknown"
)

// RevokedCA is a CA that is revoked since now.
type RevokedCA struct {
	Cluster     string
	Certificate Certificate
	// Was is its standing before. What is below the root or an issuing CA is refused with it;
	// a cluster whose current one it is has no other.
	Was Standing
}

// maxClusterCRL is what the CRL of a CA may take that signs for one cluster, in bytes. Such a CA
// has leaves to revoke, which istiod does not do, so that its CRL is empty. A stolen one must not
// fill the set of all clusters, or its own revocation would have no room.
const maxClusterCRL = 16 << 10

// signsForCluster reports whether a CA issues leaves, and no CAs.
func signsForCluster(cert *x509.Certificate) bool { return cert.MaxPathLenZero && cert.MaxPathLen == 0 }

// taking is an exchange that is taken into a mesh: what others say is taken here and nowhere
// else. Nothing that was revoked is taken back by it.
type taking struct {
	*mesh
	Taken
	were   map[string]Standing                   // of the CAs that were not revoked before, by their ids
	merges map[string][]x509.RevocationListEntry // what the next CRL of a CA has to revoke as well
}

// take takes certificates of CAs that lead to one that is known, and the newest CRL of each CA.
// What is not signed by a CA that is known is refused; what has ended, and CRLs of unknown CAs,
// are passed over, as long as anything is known. Nothing is signed before finish.
func (m *mesh) take(e Exchange) (*taking, error) {
	t := &taking{mesh: m, were: make(map[string]Standing), merges: make(map[string][]x509.RevocationListEntry)}
	for _, a := range m.all {
		if was, _ := m.standing(a); was != StandingRevoked && !a.ended(m.now()) {
			t.were[a.id()] = was
		}
	}
	certs, ended := m.partEnded(e.Certificates)
	if err := t.learn(certs); err != nil {
		return nil, err
	}
	sortAuthorities(m.all, m.root)
	seen := make(map[string]bool, len(e.CRLs)) // the sets of several clusters have the same
	for _, list := range e.CRLs {
		if seen[string(list.Raw)] {
			continue
		}
		seen[string(list.Raw)] = true
		if err := t.takeCRL(list, ended); err != nil {
			return nil, err
		}
	}
	known := func(i ImportedCRL) bool { return i.Action != CRLUnknown }
	if len(e.Certificates) == 0 && len(e.CRLs) > 0 && !slices.ContainsFunc(t.CRLs, known) {
		return nil, fmt.Errorf("the CRL of %q is of no CA that is known", e.CRLs[0].Issuer)
	}
	return t, nil
}

func (m *mesh) partEnded(certs []*x509.Certificate) (good []*x509.Certificate, ended index) {
	ended = newIndex(nil)
	for _, cert := range certs {
		if a := authorityOf("", cert); a.ended(m.now()) {
			ended.add(a)
		} else {
			good = append(good, cert)
		}
	}
	return good, ended
}

// learn takes certificates in any order: that of the issuer of one may follow.
func (t *taking) learn(certs []*x509.Certificate) error {
	for left := certs; len(left) > 0; {
		var later []*x509.Certificate
		for _, cert := range left {
			if a := t.known.byKey[keyID(cert)]; a != nil && a.has(cert) {
				continue
			}
			if !t.leadsUp(cert) {
				later = append(later, cert)
				continue
			}
			if err := t.know(cert); err != nil {
				return err
			}
		}
		if len(later) == len(left) {
			return t.wantKnown(later)
		}
		left = later
	}
	return nil
}

// wantKnown is for certificates that nobody here vouches for. They may have the key of a CA for
// which another one does.
func (t *taking) wantKnown(certs []*x509.Certificate) error {
	for _, cert := range certs {
		if t.known.byKey[keyID(cert)] == nil {
			return fmt.Errorf("%s does not lead to a CA that is known", ca.Describe(cert))
		}
	}
	return nil
}

// leadsUp finds the CAs above one among those that are known, up to a root.
func (m *mesh) leadsUp(cert *x509.Certificate) bool {
	chain := []*x509.Certificate{cert}
	for range len(m.all) + 1 {
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
	refused, _ := ca.Tolerate(ca.VerifyIntermediate(chain, ca.VerifyOptions{Now: m.now}))
	return len(refused) == 0
}

// know takes a certificate that leads to a root.
func (t *taking) know(cert *x509.Certificate) error {
	if err := t.mesh.know(t.clusterOf(cert), cert); err != nil {
		return err
	}
	t.Learned = append(t.Learned, describe(cert))
	return nil
}

// know makes a certificate known: of a CA that is, or of a new one.
func (m *mesh) know(cluster string, cert *x509.Certificate) error {
	if err := wantOwnName(m.known.byName[string(cert.RawSubject)], cert); err != nil {
		return err
	}
	a := m.known.byKey[keyID(cert)]
	switch {
	case a == nil:
		a = authorityOf(cluster, cert)
		m.all = append(m.all, a)
		m.known.add(a)
	case !bytes.Equal(a.cert.RawSubject, cert.RawSubject):
		return fmt.Errorf("%s has the key of %s, expected its name as well", ca.Describe(cert), ca.Describe(a.cert))
	case a.has(cert):
		return nil
	default:
		a.also(cert)
	}
	m.touch(a)
	return nil
}

// clusterOf is whose intermediate a CA is, by the name that it got from the CA that issues here.
func (m *mesh) clusterOf(cert *x509.Certificate) string {
	if !signsForCluster(cert) || cert.CheckSignatureFrom(m.issuing[0]) != nil {
		return ""
	}
	return clusterIn(cert.Subject.CommonName, cert.PublicKey)
}

// takeCRL takes one CRL.
func (t *taking) takeCRL(list *x509.RevocationList, ended index) error {
	of := slices.Concat(t.known.byName[string(list.RawIssuer)], ended.byName[string(list.RawIssuer)])
	if len(of) == 0 {
		t.CRLs = append(t.CRLs, ImportedCRL{Subject: cmp.Or(list.Issuer.CommonName, list.Issuer.String()), Action: CRLUnknown, CRL: describeCRL(list)})
		return nil
	}
	a, err := t.signerOf(of, list)
	if err != nil {
		return err
	}
	action, err := t.decide(a, list)
	if err != nil {
		return err
	}
	done := ImportedCRL{Subject: ca.Describe(a.cert), Action: action, CRL: describeCRL(list)}
	if action == CRLTaken && a.crl != nil {
		done.Forgets = len(lacking(list, a.crl.RevokedCertificateEntries))
	}
	if (action == CRLTaken || action == CRLMerged) && (a.crl == nil || list.Number.Cmp(a.crl.Number) > 0) {
		a.crl = list
		t.touch(a)
	}
	t.CRLs = append(t.CRLs, done)
	return nil
}

// signerOf finds the CA that signed a CRL among those of its name.
func (t *taking) signerOf(named []*authority, list *x509.RevocationList) (*authority, error) {
	var all []error
	for _, a := range named {
		err := a.checkCRL(list, t.now())
		if err == nil {
			return a, nil
		}
		all = append(all, err)
	}
	return nil, errors.Join(all...)
}

func (t *taking) decide(a *authority, list *x509.RevocationList) (CRLAction, error) {
	switch {
	case a.ended(t.now()):
		return CRLUnused, nil
	case a.crl != nil && bytes.Equal(a.crl.Raw, list.Raw):
		return CRLKept, nil
	case (a.cluster != "" || signsForCluster(a.cert)) && len(list.Raw) > maxClusterCRL:
		return "", fmt.Errorf("the CRL of %s takes %d bytes, expected at most %d of a CA that signs for one cluster", ca.Describe(a.cert), len(list.Raw), maxClusterCRL)
	case a.crl == nil:
		return CRLTaken, nil
	}
	mine, err := t.hasKey(a)
	switch {
	case err != nil:
		return "", err
	case mine:
		return t.merge(a, list), nil
	}
	return t.choose(a, list)
}

// merge is for a CA whose key is here: what the CRL with the higher number lacks, the next one
// has to revoke.
func (t *taking) merge(a *authority, list *x509.RevocationList) CRLAction {
	newest, other := inOrder(a.crl, list)
	lacks := lacking(newest, slices.Concat(t.merges[a.id()], other.RevokedCertificateEntries))
	t.merges[a.id()] = lacks
	if len(lacks) > 0 {
		return CRLMerged
	}
	return compared(a.crl, list)
}

// choose is for a CA whose key is elsewhere.
func (t *taking) choose(a *authority, list *x509.RevocationList) (CRLAction, error) {
	newest, other := inOrder(a.crl, list)
	lacks := lacking(newest, other.RevokedCertificateEntries)
	if err := t.wantNoneOf(lacks, a, newest, other); err != nil {
		return "", err
	}
	action := compared(a.crl, list)
	if action == CRLKept && len(lacks)+len(lacking(other, newest.RevokedCertificateEntries)) > 0 {
		return "", fmt.Errorf("the CRL of %s has the number %d, as the one that is here, and is another one", ca.Describe(a.cert), list.Number)
	}
	return action, nil
}

// wantNoneOf refuses two CRLs of which the newest takes the revocation of a CA back. Of
// certificates that are not known nobody can say whether they have expired, so that a CA may
// forget them.
func (t *taking) wantNoneOf(lacks []x509.RevocationListEntry, a *authority, newest, other *x509.RevocationList) error {
	serials := serialsOf(lacks)
	for _, known := range t.all {
		for _, cert := range known.certs {
			if known.ended(t.now()) || !bytes.Equal(cert.RawIssuer, a.cert.RawSubject) || !serials[cert.SerialNumber.String()] {
				continue
			}
			err := fmt.Errorf("the CRL %d of %s revokes %s, and %d does not", other.Number, ca.Describe(a.cert), ca.Describe(cert), newest.Number)
			if !t.isIssuing(a) {
				return fmt.Errorf("%w: expected one that has all, from where its key is", err)
			}
			name, missing := keyFileOf(t.issuing)
			return fmt.Errorf("%w; to sign one that has all: %s: %w", err, t.path(name), missing)
		}
	}
	return nil
}

// signs reports whether the CA that issues has to sign.
func (t *taking) signs() bool { return len(t.merges[t.issuer().id()]) > 0 }

// finish signs the CRLs that it takes, and finds out what is revoked since.
func (t *taking) finish(ctx context.Context) error {
	for _, a := range t.all {
		if lacks := t.merges[a.id()]; len(lacks) > 0 {
			if err := t.nextCRL(ctx, a, nextCRL{carried: lacks}); err != nil {
				return fmt.Errorf("the CRL of %s: %w", ca.Describe(a.cert), err)
			}
		}
	}
	for _, a := range t.all {
		if was, known := t.were[a.id()]; known && isRevoked(a, t.all) {
			t.Revoked = append(t.Revoked, RevokedCA{a.cluster, describe(a.cert), was})
		}
	}
	return nil
}

// inOrder are two CRLs, that with the higher number first.
func inOrder(here, there *x509.RevocationList) (newest, other *x509.RevocationList) {
	if there.Number.Cmp(here.Number) > 0 {
		return there, here
	}
	return here, there
}

func compared(here, there *x509.RevocationList) CRLAction {
	switch there.Number.Cmp(here.Number) {
	case 1:
		return CRLTaken
	case 0:
		return CRLKept
	}
	return CRLOlder
}

// lacking are the entries that a CRL does not have, each once.
func lacking(list *x509.RevocationList, entries []x509.RevocationListEntry) []x509.RevocationListEntry {
	has := serialsOf(list.RevokedCertificateEntries)
	var lacks []x509.RevocationListEntry
	for _, e := range entries {
		if serial := e.SerialNumber.String(); !has[serial] {
			has[serial] = true
			lacks = append(lacks, e)
		}
	}
	return lacks
}

func serialsOf(entries []x509.RevocationListEntry) map[string]bool {
	serials := make(map[string]bool, len(entries))
	for _, e := range entries {
		serials[e.SerialNumber.String()] = true
	}
	return serials
}

// describeCRL is what people want to know of a CRL.
func describeCRL(list *x509.RevocationList) CRL {
	return CRL{Number: cmp.Or(list.Number, new(big.Int)), ThisUpdate: list.ThisUpdate, NextUpdate: list.NextUpdate, Revoked: len(list.RevokedCertificateEntries)}
}
