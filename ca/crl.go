package ca

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// CRLOptions are the contents of a CRL.
type CRLOptions struct {
	// Number is the CRL number (RFC 5280 §5.2.3): positive, at most 20 octets, and
	// greater than that of every CRL that the authority's key signed before. It is
	// required: an authority does not remember its CRLs.
	Number *big.Int
	// NextUpdate is the time until which the CRL is valid, cut to the second: after
	// now, and no later than the end of the authority. Zero means that end, for an
	// authority whose CRL nobody can refresh. After the next update Envoy and OpenSSL
	// refuse every certificate of the authority, and ztunnel ignores the CRL.
	NextUpdate time.Time
	// Revoked are the certificates that the CRL revokes in addition to Carried, one
	// entry for each serial number. Reason codes are those of RFC 5280 §5.3.1 without
	// removeFromCRL. As in crypto/x509, Raw and Extensions of an entry are ignored.
	Revoked []x509.RevocationListEntry
	// Carried are the entries of earlier CRLs of the authority, as crypto/x509 parsed
	// them. They stay revoked. Since another program may have written them, they are
	// corrected: of two entries with the same serial number the first is kept, a
	// revocation time in the future becomes now, and an unknown reason is removed.
	// Extensions are kept, unless they are critical.
	Carried []x509.RevocationListEntry
}

// CRL signs a certificate revocation list (RFC 5280 §5). A CRL without entries is useful as
// well: a verifier that checks CRLs needs one of every CA of a chain.
//
// The CRL is signed with a throwaway key first and checked against [CRLRules], as
// [Authority.Prepare] does with certificates; the key of the authority then signs exactly
// the bytes that were checked. Like a certificate it is backdated, see [Backdate], but
// never to before the authority's certificate.
//
// The error is a [*LifetimeError] when the CRL would end after the authority, and a
// [*RuleError] of [RuleCRLSign] or [RuleSubjectKeyID] when the authority may not sign CRLs,
// which only one from [LoadImported] can be.
func (a *Authority) CRL(o CRLOptions) (*x509.RevocationList, error) {
	now := a.now()
	v := newVerification(a.chain, VerifyOptions{Now: func() time.Time { return now }}, false)
	if err := ruleError("ca: CRL", v.at(0, RuleCRLSign, RuleSubjectKeyID)); err != nil {
		return nil, err
	}
	template, err := a.crlTemplate(o, now)
	if err != nil {
		return nil, fmt.Errorf("ca: CRL of %s: %w", Describe(a.Certificate()), err)
	}
	return a.issueCRL(template, now)
}

// issueCRL checks a CRL against the rules, and then signs exactly the bytes that were
// checked.
func (a *Authority) issueCRL(template *x509.RevocationList, now time.Time) (*x509.RevocationList, error) {
	linted, err := a.lintCRL(template, now)
	if err != nil {
		return nil, err
	}
	list, err := signCRL(template, a.Certificate(), a.key)
	if err != nil {
		return nil, fmt.Errorf("ca: CRL of %s: %w", Describe(a.Certificate()), err)
	}
	if err := a.checkLinted(list, linted); err != nil {
		return nil, err
	}
	return list, nil
}

// lintCRL signs a CRL with a throwaway key and applies the CRL rules to it. It returns the
// bytes that the real key is going to sign.
func (a *Authority) lintCRL(template *x509.RevocationList, now time.Time) ([]byte, error) {
	key, err := a.throwaway()
	if err != nil {
		return nil, fmt.Errorf("ca: CRL: throwaway key: %w", err)
	}
	standIn := *a.Certificate()
	standIn.PublicKey = key.Public()
	list, err := signCRL(template, &standIn, key)
	if err != nil {
		return nil, fmt.Errorf("ca: CRL of %s: %w", Describe(&standIn), err)
	}
	found := slices.Collect(crlCheck{list, &standIn, now, signedCRL}.violations())
	if err := ruleError("ca: CRL", found); err != nil {
		return nil, err
	}
	return list.RawTBSRevocationList, nil
}

// checkLinted reports whether the authority signed exactly the bytes that were checked.
func (a *Authority) checkLinted(list *x509.RevocationList, linted []byte) error {
	if !bytes.Equal(list.RawTBSRevocationList, linted) {
		return fmt.Errorf("ca: CRL of %s: the CRL is not the one that was checked", Describe(a.Certificate()))
	}
	if !MatchKey(a.key, a.Certificate()) { // crypto/x509 has verified the signature with the public key of a.key
		return fmt.Errorf("ca: CRL of %s: %w", Describe(a.Certificate()), ErrForeignCRL)
	}
	return nil
}

// signCRL turns a template into a CRL; crypto/x509 verifies that the key made the signature.
func signCRL(template *x509.RevocationList, issuer *x509.Certificate, key crypto.Signer) (*x509.RevocationList, error) {
	// A CA without a key usage may sign everything (RFC 5280 §6.3.3 (f)), but crypto/x509
	// requires the bit.
	signing := *issuer
	signing.KeyUsage |= x509.KeyUsageCRLSign
	der, err := x509.CreateRevocationList(rand.Reader, template, &signing, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseRevocationList(der)
}
