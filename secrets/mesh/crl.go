package mesh

import (
	"cmp"
	"crypto/x509"
	"math/big"
	"slices"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// CRLSummary is what people compare of a CRL.
type CRLSummary struct {
	Number                 *big.Int
	ThisUpdate, NextUpdate time.Time
	Revoked                int // how many certificates it revokes
}

// SummarizeCRL returns the summary of a CRL.
func SummarizeCRL(list *x509.RevocationList) CRLSummary {
	return CRLSummary{Number: cmp.Or(list.Number, new(big.Int)), ThisUpdate: list.ThisUpdate, NextUpdate: list.NextUpdate, Revoked: len(list.RevokedCertificateEntries)}
}

// CRLState is the state of the CRL of a CA.
type CRLState string

// The states of a CRL.
const (
	CRLValid   CRLState = "valid"
	CRLDue     CRLState = "due"     // less than a third of its time is left
	CRLExpired CRLState = "expired" // its next update has passed
	CRLMissing CRLState = "missing"
	// CRLNotNeeded: it is missing or has expired, and the CA is revoked.
	CRLNotNeeded CRLState = "not-needed"
)

// IsMissing reports whether proxies that check CRLs refuse the chains of a CA whose CRL is in
// that state.
func (s CRLState) IsMissing() bool { return s == CRLExpired || s == CRLMissing }

// CRLState is the state of the CRL of a CA.
func (m *Mesh) CRLState(a *CA) CRLState {
	expired := a.crl != nil && !a.crl.NextUpdate.After(m.Now)
	switch {
	case (a.crl == nil || expired) && m.IsRevoked(a):
		return CRLNotNeeded
	case a.crl == nil:
		return CRLMissing
	case expired:
		return CRLExpired
	case isEnding(a, m.Now):
		return CRLDue
	}
	return CRLValid
}

// IsDue reports whether a CA needs its next CRL.
func (m *Mesh) IsDue(a *CA) bool {
	return !a.Ended(m.Now) && (a.crl == nil || isEnding(a, m.Now))
}

// isEnding reports whether less than a third is left of the time of a CRL. One that lives as
// long as its CA is never due.
func isEnding(a *CA, now time.Time) bool {
	end := a.crl.NextUpdate
	return end.Before(a.Certificate().NotAfter) && end.Sub(now) < end.Sub(a.crl.ThisUpdate)/3
}

// SignsCRLs reports whether a CA may sign CRLs that verifiers accept: it has the key usage and a
// subject key identifier.
func SignsCRLs(cert *x509.Certificate) bool {
	return !slices.ContainsFunc(ca.VerifyIntermediate([]*x509.Certificate{cert}, ca.VerifyOptions{}), func(v *ca.Violation) bool {
		return v.Rule == ca.RuleCRLSign || v.Rule == ca.RuleSubjectKeyID
	})
}

// NextCRL completes the options of the next CRL of a CA: everything that the last CRL revoked,
// the next number, and the same time as the last one unless a next update is given. Zero as next
// update means the end of the CA.
func (a *CA) NextCRL(o ca.CRLOptions, now time.Time) ca.CRLOptions {
	if o.NextUpdate.IsZero() {
		o.NextUpdate = a.nextUpdate(now)
	}
	o.Number = a.nextNumber(now)
	if a.crl != nil {
		o.Carried = slices.Concat(a.crl.RevokedCertificateEntries, o.Carried)
	}
	return o
}

// nextUpdate is that of the next CRL: as long after now as that of the last one was. Zero is the
// end of the CA, for the first one, and if the last one lived that long.
func (a *CA) nextUpdate(now time.Time) time.Time {
	end := a.Certificate().NotAfter
	if a.crl == nil || !a.crl.NextUpdate.Before(end) {
		return time.Time{}
	}
	next := now.Add(a.crl.NextUpdate.Sub(a.crl.ThisUpdate) - ca.Backdate)
	if !next.Before(end) || !next.After(now) {
		return time.Time{}
	}
	return next
}

// nextNumber is the time in seconds, or the number after the last one if that is higher. So a
// directory that was restored from an old copy gives no number twice.
func (a *CA) nextNumber(now time.Time) *big.Int {
	next := big.NewInt(now.Unix())
	if a.crl != nil && a.crl.Number.Cmp(next) >= 0 {
		next.Add(a.crl.Number, big.NewInt(1))
	}
	return next
}

// SetCRL gives a CA its next CRL, which it has signed. It changes the CA.
func (a *CA) SetCRL(list *x509.RevocationList) {
	a.setCRL(list)
	a.changed = true
}
