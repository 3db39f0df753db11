package ca

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Errors of [CheckCRL] that leave no doubt about who signed the CRL.
var (
	// ErrForeignCRL says that another CA signed it, or nobody.
	ErrForeignCRL = errors.New("is not signed by this CA")
	// ErrCRLNotYetValid says that it is dated in the future.
	ErrCRLNotYetValid = errors.New("is dated in the future")
)

// CRLs that are not about all certificates of their CA.
var (
	oidDeltaCRLIndicator        = asn1.ObjectIdentifier{2, 5, 29, 27} // RFC 5280 §5.2.4
	oidIssuingDistributionPoint = asn1.ObjectIdentifier{2, 5, 29, 28} // RFC 5280 §5.2.5
)

// CheckCRL takes a CRL from anywhere if it is a full one, and the CA signed it
// (RFC 5280 §6.3.3): under the name of the CA, with a key that may sign CRLs and an algorithm
// that is good for certificates, with a number that leaves room for the next one and a next
// update, about everything that the CA issued, with entries that all revoke, without a critical extension that nobody knows, and not dated in the future. Whether
// its next update has passed is left to the caller.
//
// The error is [ErrForeignCRL], [ErrCRLNotYetValid], or says which part was expected.
func CheckCRL(list *x509.RevocationList, issuer *x509.Certificate, now time.Time) error {
	if err := checkCRLSignature(list, issuer); err != nil {
		return fmt.Errorf("the CRL %w: %s", err, Describe(issuer))
	}
	if err := checkCRLFields(list, now); err != nil {
		return fmt.Errorf("the CRL of %s %w", Describe(issuer), err)
	}
	return nil
}

func checkCRLSignature(list *x509.RevocationList, issuer *x509.Certificate) error {
	switch {
	case !MatchIssuer(list.RawIssuer, list.AuthorityKeyId, issuer):
		return ErrForeignCRL
	case hasExtension(issuer, oidKeyUsage) && issuer.KeyUsage&x509.KeyUsageCRLSign == 0:
		return fmt.Errorf("%w, which may not sign any", ErrForeignCRL)
	}
	if weak := weakness(list.SignatureAlgorithm); weak != "" {
		return errors.New(weak) // crypto/x509 does not even look at some of these
	}
	if list.CheckSignatureFrom(issuer) != nil {
		return ErrForeignCRL
	}
	return nil
}

func checkCRLFields(list *x509.RevocationList, now time.Time) error {
	switch {
	case list.Number == nil:
		return errors.New("has no number (RFC 5280 §5.2.3)")
	case !isSerial(new(big.Int).Add(list.Number, big.NewInt(1))):
		return fmt.Errorf("has the number %d, expected one of at most 20 octets that is not negative (RFC 5280 §5.2.3)", list.Number)
	case list.NextUpdate.IsZero():
		return errors.New("has no next update (RFC 5280 §5.1.2.5)")
	case list.ThisUpdate.After(now.Add(Backdate)):
		return ErrCRLNotYetValid
	}
	for _, e := range list.Extensions {
		switch {
		case e.Id.Equal(oidDeltaCRLIndicator):
			return errors.New("is a delta, expected a full one")
		case e.Id.Equal(oidIssuingDistributionPoint):
			return errors.New("is about some certificates only (it has an issuing distribution point), expected a full one")
		case e.Critical:
			return fmt.Errorf("has the critical extension %s, which verifiers do not know", e.Id)
		}
	}
	for _, entry := range list.RevokedCertificateEntries {
		if entry.ReasonCode == reasonRemoveFromCRL {
			return fmt.Errorf("takes the revocation of %x back, as only a delta can (RFC 5280 §5.3.1)", entry.SerialNumber)
		}
		for _, e := range entry.Extensions {
			if e.Critical {
				return fmt.Errorf("has an entry with the critical extension %s, which verifiers do not know", e.Id)
			}
		}
	}
	return nil
}

// RevokedIn finds the entry of a certificate in the CRL of its issuer, or nil.
func RevokedIn(list *x509.RevocationList, cert *x509.Certificate) *x509.RevocationListEntry {
	for i := range list.RevokedCertificateEntries {
		if e := &list.RevokedCertificateEntries[i]; e.SerialNumber.Cmp(cert.SerialNumber) == 0 {
			return e
		}
	}
	return nil
}
