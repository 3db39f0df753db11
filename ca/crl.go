package ca

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// CRLOptions are what a CRL says.
type CRLOptions struct {
	// Number is the CRL number (RFC 5280 §5.2.3): positive, at most 20 octets, and
	// greater than that of every CRL that the authority's key signed before. It is
	// required: an authority does not remember its CRLs.
	Number *big.Int
	// NextUpdate is when the next CRL is there at the latest, cut to the second:
	// after now, and no later than the end of the authority. Zero means that end,
	// for an authority whose CRL nobody can refresh. A CRL that has passed it
	// makes Envoy and OpenSSL refuse every certificate of the authority; ztunnel
	// goes on as if there were none.
	NextUpdate time.Time
	// Revoked are the certificates that the authority takes back, one entry for
	// each serial number. Reason codes are those of RFC 5280 §5.3.1 without
	// removeFromCRL. As in crypto/x509, Raw and Extensions of an entry are not
	// used.
	Revoked []x509.RevocationListEntry
	// Carried are the entries of earlier CRLs of the authority, as crypto/x509 read
	// them. They stay revoked whatever they say, since another program may have
	// written them: of a serial number that is there twice the first entry counts, a
	// time that has not come becomes now, and an unknown reason none. Their
	// extensions are kept, unless they are critical.
	Carried []x509.RevocationListEntry
}

// CRL signs a certificate revocation list (RFC 5280 §5), and reads it back; crypto/x509
// verifies the signature. An empty list is one as well, and is needed: who
// checks CRLs at all asks for one of every CA of a chain.
//
// Like a certificate it is dated back, see [Backdate], for verifiers whose clocks
// are behind, but never to before the authority's certificate. The error is a
// [*LifetimeError] when the CRL would end after the authority.
//
// [Load] refuses an authority that may not sign CRLs. Of one from [LoadImported] that
// may not the error is a [*RuleError] of [RuleCRLSign] or [RuleSubjectKeyID].
func (a *Authority) CRL(o CRLOptions) (*x509.RevocationList, error) {
	v := newVerification(a.chain, VerifyOptions{Now: a.now}, false)
	if err := ruleError("ca: CRL", v.at(0, RuleCRLSign, RuleSubjectKeyID)); err != nil {
		return nil, err
	}
	template, err := a.crlTemplate(o)
	if err != nil {
		return nil, fmt.Errorf("ca: CRL of %s: %w", Describe(a.Certificate()), err)
	}
	// A CA that has no key usage may sign everything (RFC 5280 §6.3.3 (f)); crypto/x509
	// wants to be told.
	issuer := *a.Certificate()
	issuer.KeyUsage |= x509.KeyUsageCRLSign
	der, err := x509.CreateRevocationList(rand.Reader, template, &issuer, a.key)
	if err != nil {
		return nil, fmt.Errorf("ca: CRL of %s: %w", Describe(a.Certificate()), err)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, fmt.Errorf("ca: CRL of %s cannot be read back: %w", Describe(a.Certificate()), err)
	}
	return list, nil
}

func (a *Authority) crlTemplate(o CRLOptions) (*x509.RevocationList, error) {
	switch {
	case o.Number == nil:
		return nil, errors.New("the number is missing")
	case !isSerial(o.Number):
		return nil, fmt.Errorf("the number %d is not positive and at most 20 octets long", o.Number)
	}
	now := a.now()
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

// crlEnd is the next update: after the end of the authority no certificate counts
// that a CRL could be about.
func (a *Authority) crlEnd(asked, now time.Time) (time.Time, error) {
	last := a.Certificate().NotAfter
	if !last.After(now) {
		return time.Time{}, fmt.Errorf("the authority ended at %s", last.UTC().Format(time.RFC3339))
	}
	if asked.IsZero() {
		return last, nil
	}
	end := asked.UTC().Truncate(time.Second)
	switch {
	case !end.After(now):
		return time.Time{}, fmt.Errorf("the next update, %s, has passed", end.Format(time.RFC3339))
	case end.After(last):
		return time.Time{}, &LifetimeError{Asked: end, Longest: last, Issuer: Describe(a.Certificate())}
	}
	return end, nil
}

// crlEntries are the entries that are carried over, and after them those that are new.
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

// carryOver makes the entry of an earlier CRL one that can be signed again.
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

// reasonRemoveFromCRL makes OpenSSL take the certificate for one that is not revoked.
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
			return fmt.Errorf("the extension %s is critical; who does not know it refuses the whole CRL (RFC 5280 §5.3)", ext.Id)
		}
	}
	return nil
}

// isSerial reports whether a number is positive and fits 20 octets of DER, whose
// first bit is the sign (RFC 5280 §4.1.2.2 and §5.2.3).
func isSerial(n *big.Int) bool { return n.Sign() > 0 && n.BitLen() < 160 }
