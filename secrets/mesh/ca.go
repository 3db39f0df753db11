package mesh

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// CA is a name and a key that can stand in a chain of the mesh. All of its certificates count:
// the CA ends with the one that ends last, its CRL is needed until then, and it is revoked when
// each of its certificates is that has not expired.
type CA struct {
	// Cluster is the one whose intermediate it is; empty for CAs above the clusters and of other
	// meshes.
	Cluster string
	// Pending is a revocation that was decided and that no CRL has yet; nil if there is none.
	Pending *Revocation
	// Retired is when its cluster left the mesh; zero if it has not.
	Retired time.Time

	id      string
	certs   []*Certificate // the one that ends last first
	crl     *x509.RevocationList
	revoked map[string]*x509.RevocationListEntry // by that CRL, by their serial numbers
	changed bool                                 // its record has to be written
}

// NewCA is the CA that a certificate certifies.
func NewCA(cluster string, cert *x509.Certificate) *CA {
	return &CA{Cluster: cluster, id: KeyID(cert), certs: []*Certificate{newCertificate(cert)}}
}

// LoadCA is the CA of a record: certificates of one key and name, at least one, and its newest
// CRL, which may be nil.
func LoadCA(cluster string, certs []*x509.Certificate, list *x509.RevocationList, now time.Time) (*CA, error) {
	if len(certs) == 0 {
		return nil, errors.New("has no certificate")
	}
	a := NewCA(cluster, certs[0])
	for _, cert := range certs[1:] {
		if !a.isCertifiedBy(cert) {
			return nil, fmt.Errorf("certificates of %s and of %s, expected those of one key and name", ca.Describe(certs[0]), ca.Describe(cert))
		}
		a.add(cert)
	}
	if list == nil {
		return a, nil
	}
	err := a.checkCRL(list, now)
	if err != nil && !errors.Is(err, ca.ErrCRLNotYetValid) { // the clock was ahead when it was recorded
		return nil, fmt.Errorf("crl: %w", err)
	}
	a.setCRL(list)
	return a, nil
}

// ID identifies a CA by its key, in hexadecimal: a root and a cross-certificate of it have one
// CRL.
func (a *CA) ID() string { return a.id }

// KeyID is the [CA.ID] of the CA that a certificate certifies.
func KeyID(cert *x509.Certificate) string {
	id, err := ca.KeyID(cert.PublicKey)
	if err != nil {
		return "" // not reached: crypto/x509 read the key, so it can write it
	}
	return id
}

// Certificate is the one that ends last.
func (a *CA) Certificate() *x509.Certificate { return a.certs[0].Certificate }

// Certificates are all of them, the one that ends last first.
func (a *CA) Certificates() []*x509.Certificate {
	certs := make([]*x509.Certificate, len(a.certs))
	for i, c := range a.certs {
		certs[i] = c.Certificate
	}
	return certs
}

// CRL is the newest of the CA, nil if there is none here.
func (a *CA) CRL() *x509.RevocationList { return a.crl }

// Summary is that of the certificate that ends last.
func (a *CA) Summary() Summary { return Summarize(a.Certificate()) }

// Ended reports whether all certificates of the CA have expired.
func (a *CA) Ended(now time.Time) bool { return !a.Certificate().NotAfter.After(now) }

// Has reports whether a certificate is one of the CA.
func (a *CA) Has(cert *x509.Certificate) bool {
	return slices.ContainsFunc(a.certs, func(c *Certificate) bool { return c.Equal(cert) })
}

// isCertifiedBy reports whether a certificate has the key and the name of the CA.
func (a *CA) isCertifiedBy(cert *x509.Certificate) bool {
	return KeyID(cert) == a.id && bytes.Equal(cert.RawSubject, a.Certificate().RawSubject)
}

// add gives the CA another certificate of its key. One with another name is left out.
func (a *CA) add(cert *x509.Certificate) {
	if a.Has(cert) || !bytes.Equal(cert.RawSubject, a.Certificate().RawSubject) {
		return
	}
	a.certs = append(a.certs, newCertificate(cert))
	slices.SortStableFunc(a.certs, func(x, y *Certificate) int { return y.NotAfter.Compare(x.NotAfter) })
}

// forgetExpired leaves out the certificates that have expired, but for the last one.
func (a *CA) forgetExpired(now time.Time) {
	last := a.certs[0]
	a.certs = slices.DeleteFunc(a.certs, func(c *Certificate) bool { return c != last && !c.NotAfter.After(now) })
}

// setCRL replaces the CRL. Whoever calls it has checked the new one.
func (a *CA) setCRL(list *x509.RevocationList) {
	a.crl, a.revoked = list, make(map[string]*x509.RevocationListEntry, len(list.RevokedCertificateEntries))
	for i := range list.RevokedCertificateEntries {
		e := &list.RevokedCertificateEntries[i]
		if serial := e.SerialNumber.String(); a.revoked[serial] == nil {
			a.revoked[serial] = e
		}
	}
}

// checkCRL is [ca.CheckCRL] for a CA with several certificates: one that fits is enough.
func (a *CA) checkCRL(list *x509.RevocationList, now time.Time) error {
	var first error
	for _, cert := range a.certs {
		err := ca.CheckCRL(list, cert.Certificate, now)
		if err == nil {
			return nil
		}
		first = cmp.Or(first, err)
	}
	return first
}

// isCalled compares a name with the subject, and with the fingerprints of all certificates.
func (a *CA) isCalled(name string) bool {
	return slices.ContainsFunc(a.certs, func(c *Certificate) bool {
		s := Summarize(c.Certificate)
		return s.Subject == name || strings.EqualFold(s.Fingerprint, name)
	})
}

func summarize(all []*CA) []Summary {
	summaries := make([]Summary, len(all))
	for i, a := range all {
		summaries[i] = a.Summary()
	}
	return summaries
}
