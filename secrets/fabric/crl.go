package fabric

import (
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// newAuthority records a CA whose key is at hand.
func (f *Fabric) newAuthority(cluster string, made *ca.Authority) (*authority, error) {
	a := authorityOf(cluster, made.Certificate())
	return a, f.firstCRL(a, made)
}

// firstCRL gives a CA an empty CRL that lives as long as the CA, since the key may not be there
// to make the next one. An old CA that may not sign CRLs stays without.
func (f *Fabric) firstCRL(a *authority, made *ca.Authority) error {
	var refused *ca.RuleError
	if err := f.signCRL(a, made, nextCRL{}); err != nil && !errors.As(err, &refused) {
		return err
	}
	return nil
}

// signCRL gives a CA its next CRL, with what the last one revoked and more.
func (f *Fabric) signCRL(a *authority, signer *ca.Authority, next nextCRL) error {
	if next.nextUpdate.IsZero() {
		next.nextUpdate = nextUpdate(a, f.now())
	}
	if a.crl != nil {
		next.carried = slices.Concat(a.crl.RevokedCertificateEntries, next.carried)
	}
	list, err := signer.CRL(ca.CRLOptions{Number: f.nextCRLNumber(a.crl), NextUpdate: next.nextUpdate, Revoked: next.revoked, Carried: next.carried})
	if err != nil {
		return err
	}
	a.crl = list
	return nil
}

// nextCRLNumber is the time in seconds, or the next number where that was given before. So a
// directory that was restored from a copy which is behind gives none twice.
func (f *Fabric) nextCRLNumber(last *x509.RevocationList) *big.Int {
	next := big.NewInt(f.now().Unix())
	if last != nil && last.Number.Cmp(next) >= 0 {
		next.Add(last.Number, big.NewInt(1))
	}
	return next
}

// MissingCRL is a CA that can stand in a chain of the mesh, and whose CRL is not here.
type MissingCRL struct {
	Cluster string // empty for a CA above the clusters, or of another mesh
	Subject string
	// NotAfter is the end of the CA: until then its CRL is needed.
	NotAfter time.Time
	// Expired is when the CRL that is here had to be replaced; zero if there is none.
	Expired time.Time
	// CannotSign reports that the CA may not sign any.
	CannotSign bool
}

func (m MissingCRL) String() string {
	switch {
	case m.CannotSign:
		return fmt.Sprintf("%s has no CRL here, and cannot sign one", m.Subject)
	case m.Expired.IsZero():
		return fmt.Sprintf("%s has no CRL here", m.Subject)
	}
	return fmt.Sprintf("the CRL of %s expired at %s", m.Subject, m.Expired.UTC().Format(time.RFC3339))
}

// signsCRLs reports whether a CA may sign CRLs that verifiers take.
func signsCRLs(cert *x509.Certificate) bool {
	return !slices.ContainsFunc(ca.VerifyIntermediate([]*x509.Certificate{cert}, ca.VerifyOptions{}), func(v *ca.Violation) bool {
		return v.Rule == ca.RuleCRLSign || v.Rule == ca.RuleSubjectKeyID
	})
}

// crlSet is the newest CRLs of all CAs that can still stand in a chain, and the CAs that have
// none that is good. One that is revoked needs none: its chains are refused with it or without.
// A CRL that has expired is no good, but better than none: istiod, which does not start where
// its own chain lacks one, takes it.
func crlSet(all []*authority, now time.Time) (set []*x509.RevocationList, missing []MissingCRL) {
	for _, a := range all {
		if a.ended(now) {
			continue
		}
		if a.crl != nil {
			set = append(set, a.crl)
		}
		if a.crl != nil && a.crl.NextUpdate.After(now) || isRevoked(a, all) {
			continue
		}
		m := MissingCRL{Cluster: a.cluster, Subject: ca.Describe(a.cert), NotAfter: a.cert.NotAfter, CannotSign: !signsCRLs(a.cert)}
		if a.crl != nil {
			m.Expired = a.crl.NextUpdate
		}
		missing = append(missing, m)
	}
	return set, missing
}
