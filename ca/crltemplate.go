package ca

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

func (a *Authority) crlTemplate(o CRLOptions, now time.Time) (*x509.RevocationList, error) {
	switch {
	case o.Number == nil:
		return nil, errors.New("the number is missing")
	case !isSerial(o.Number):
		return nil, fmt.Errorf("the number %d is not positive and at most 20 octets long", o.Number)
	}
	end, err := a.crlEnd(o.NextUpdate, now)
	if err != nil {
		return nil, err
	}
	entries, err := crlEntries(o, now)
	if err != nil {
		return nil, err
	}
	begin := now.Add(-Backdate)
	if first := a.Certificate().NotBefore; begin.Before(first) {
		begin = first
	}
	return &x509.RevocationList{
		Number:                    o.Number,
		ThisUpdate:                begin,
		NextUpdate:                end,
		RevokedCertificateEntries: entries,
	}, nil
}

// crlEnd is the next update, no later than the end of the authority: all its certificates
// have ended then.
func (a *Authority) crlEnd(requested, now time.Time) (time.Time, error) {
	last := a.Certificate().NotAfter
	if !last.After(now) {
		return time.Time{}, fmt.Errorf("the authority ended at %s", last.UTC().Format(time.RFC3339))
	}
	if requested.IsZero() {
		return last, nil
	}
	end := requested.UTC().Truncate(time.Second)
	switch {
	case !end.After(now):
		return time.Time{}, fmt.Errorf("the next update, %s, has passed", end.Format(time.RFC3339))
	case end.After(last):
		return time.Time{}, &LifetimeError{Asked: end, Longest: last, Issuer: Describe(a.Certificate())}
	}
	return end, nil
}

// crlEntries are the carried entries, followed by the new ones.
func crlEntries(o CRLOptions, now time.Time) ([]x509.RevocationListEntry, error) {
	entries := make([]x509.RevocationListEntry, 0, len(o.Carried)+len(o.Revoked))
	seen := make(map[string]bool, cap(entries))
	for _, e := range o.Carried {
		if serial := e.SerialNumber.Text(16); !seen[serial] {
			seen[serial] = true
			entries = append(entries, carryOver(e, now))
		}
	}
	for i, e := range o.Revoked {
		if e.SerialNumber == nil || !isSerial(e.SerialNumber) {
			return nil, fmt.Errorf("revoked entry %d: the serial number %v is not positive and at most 20 octets long", i, e.SerialNumber)
		}
		serial := e.SerialNumber.Text(16)
		if seen[serial] {
			return nil, fmt.Errorf("revoked entry %d: the serial number %s is there twice", i, serial)
		}
		seen[serial] = true
		if err := checkCRLEntry(e, now); err != nil {
			return nil, fmt.Errorf("revoked entry %d (%s): %w", i, serial, err)
		}
		entries = append(entries, x509.RevocationListEntry{
			SerialNumber:    e.SerialNumber,
			RevocationTime:  e.RevocationTime,
			ReasonCode:      e.ReasonCode,
			ExtraExtensions: e.ExtraExtensions,
		})
	}
	return entries, nil
}

// carryOver corrects the entry of an earlier CRL, so that it keeps the rules.
func carryOver(e x509.RevocationListEntry, now time.Time) x509.RevocationListEntry {
	carried := x509.RevocationListEntry{SerialNumber: e.SerialNumber, RevocationTime: e.RevocationTime}
	if carried.RevocationTime.After(now) {
		carried.RevocationTime = now
	}
	if slices.Contains(crlReasons, e.ReasonCode) {
		carried.ReasonCode = e.ReasonCode
	}
	for _, ext := range e.Extensions {
		if !ext.Critical && !ext.Id.Equal(oidCRLReason) { // crypto/x509 writes that one
			carried.ExtraExtensions = append(carried.ExtraExtensions, ext)
		}
	}
	return carried
}

// crlReasons are those of RFC 5280 §5.3.1 for a full CRL.
var crlReasons = []int{0, 1, 2, 3, 4, 5, 6, 9, 10}

// reasonRemoveFromCRL makes OpenSSL treat the certificate as not revoked.
const reasonRemoveFromCRL = 8

var oidCRLReason = asn1.ObjectIdentifier{2, 5, 29, 21} // RFC 5280 §5.3.1

func checkCRLEntry(e x509.RevocationListEntry, now time.Time) error {
	switch {
	case e.RevocationTime.IsZero():
		return errors.New("the revocation time is missing")
	case e.RevocationTime.After(now):
		return fmt.Errorf("the revocation time %s has not come", e.RevocationTime.UTC().Format(time.RFC3339))
	case !slices.Contains(crlReasons, e.ReasonCode):
		return fmt.Errorf("the reason code %d is not one of RFC 5280 §5.3.1 for a full CRL", e.ReasonCode)
	}
	for _, ext := range e.ExtraExtensions {
		if ext.Critical {
			return fmt.Errorf("the extension %s is critical; a verifier that does not know it refuses the whole CRL (RFC 5280 §5.3)", ext.Id)
		}
	}
	return nil
}

// isSerial reports whether a number is positive and fits 20 octets of DER, whose
// first bit is the sign (RFC 5280 §4.1.2.2 and §5.2.3).
func isSerial(n *big.Int) bool { return n.Sign() > 0 && n.BitLen() < 160 }
