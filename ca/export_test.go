package ca

import (
	"crypto/x509"
	"slices"
	"time"
)

// VerifyCRL applies the rules for CRLs that an authority signs, or for those that it
// receives.
func VerifyCRL(list *x509.RevocationList, issuer *x509.Certificate, now time.Time, signed bool) []*Violation {
	scope := receivedCRL
	if signed {
		scope = signedCRL
	}
	return slices.Collect(crlCheck{list, issuer, now, scope}.violations())
}

// IssueCRL is the part of [Authority.CRL] after the template.
func (a *Authority) IssueCRL(template *x509.RevocationList) (*x509.RevocationList, error) {
	return a.issueCRL(template, a.now())
}
