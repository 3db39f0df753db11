package ca

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"sync"
	"time"
)

// Authority is a CA: a key and the chain from its certificate to its root. It is safe for
// concurrent use if its key is. Printing it shows only its name.
type Authority struct {
	key       crypto.Signer
	chain     []*x509.Certificate
	now       func() time.Time
	throwaway func() (crypto.Signer, error)
}

// RootOptions describe a root.
type RootOptions struct {
	// Key is the private key of the root. It is required: the caller has to store it.
	Key crypto.Signer
	// CommonName is the name of the root, to which a tag from the key identifier is
	// added; empty means "root".
	CommonName string
	// Organization is the name of the mesh; it is required.
	Organization string
	// NotAfter is the end of the root; zero means [DefaultRootLifetime] from now.
	NotAfter time.Time
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// NewRoot makes a root: a self-signed CA without a path length, so that it can cross-sign
// its successor. The key has to be of one of the [KeyTypes].
func NewRoot(o RootOptions) (*Authority, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	template, err := rootTemplate(o)
	if err != nil {
		return nil, fmt.Errorf("ca: root: %w", err)
	}
	root, err := sign(template, template, template.PublicKey, o.Key)
	if err != nil {
		return nil, fmt.Errorf("ca: root: %w", err)
	}
	return Load(o.Key, []*x509.Certificate{root}, o.Now)
}

func rootTemplate(o RootOptions) (*x509.Certificate, error) {
	if o.Key == nil {
		return nil, errors.New("the key is missing")
	}
	if _, err := KeyTypeOf(o.Key.Public()); err != nil {
		return nil, err
	}
	if err := checkName("organization", o.Organization, maxNameLength); err != nil {
		return nil, err
	}
	now := o.Now()
	t, err := newTemplate(o.Key.Public(), now)
	if err != nil {
		return nil, err
	}
	if t.NotAfter = o.NotAfter; t.NotAfter.IsZero() {
		t.NotAfter = now.Add(DefaultRootLifetime)
	}
	if !t.NotAfter.After(now) {
		return nil, fmt.Errorf("its end, %s, has passed", t.NotAfter.UTC().Format(time.RFC3339))
	}
	name := o.CommonName
	if name == "" {
		name = "root"
	}
	if name, err = commonName(name, t.SubjectKeyId); err != nil {
		return nil, err
	}
	t.Subject = pkix.Name{CommonName: name, Organization: []string{o.Organization}}
	t.AuthorityKeyId = t.SubjectKeyId
	shapeCA(t)
	return t, nil
}

// Load makes an authority from a key and its chain: the certificate of the key first, each
// certificate followed by its issuer, the root last. Nil for now means time.Now. The error
// is a [*RuleError] if the chain breaks a chain rule, and [ErrKeyMismatch] if the key is
// not that of the first certificate.
func Load(key crypto.Signer, chain []*x509.Certificate, now func() time.Time) (*Authority, error) {
	return load(key, chain, now, func(all []*Violation) []*Violation { return all })
}

// LoadImported is [Load] for CAs of other programs: it accepts a chain that breaks the chain
// rules no further than [Tolerances] allow, and returns the tolerated violations. The
// certificates that the authority issues have to keep all rules.
func LoadImported(key crypto.Signer, chain []*x509.Certificate, now func() time.Time) (a *Authority, tolerated []*Violation, err error) {
	a, err = load(key, chain, now, func(all []*Violation) (refused []*Violation) {
		refused, tolerated = Tolerate(all)
		return refused
	})
	return a, tolerated, err
}

// Below makes the authority of a CA that this one has issued. Only the new certificate is
// checked, against all chain rules; the others were checked when this authority was loaded.
// The errors are those of [Load].
func (a *Authority) Below(key crypto.Signer, cert *x509.Certificate) (*Authority, error) {
	if cert == nil {
		return nil, errors.New("ca: load the authority: the certificate is missing")
	}
	chain := append([]*x509.Certificate{cert}, a.chain...)
	v := newVerification(chain, VerifyOptions{Now: a.now}, false)
	found := v.at(0)
	for i := range a.chain {
		found = append(found, v.at(i+1, RulePathLength)...)
	}
	if err := ruleError("ca: load the authority", found); err != nil {
		return nil, err
	}
	return newAuthority(key, chain, a.now)
}

// ErrKeyMismatch means that a private key does not belong to a certificate.
var ErrKeyMismatch = errors.New("the key does not belong to the certificate")

func load(key crypto.Signer, chain []*x509.Certificate, now func() time.Time, refuse func([]*Violation) []*Violation) (*Authority, error) {
	if now == nil {
		now = time.Now
	}
	if err := ruleError("ca: load the authority", refuse(VerifyIntermediate(chain, VerifyOptions{Now: now}))); err != nil {
		return nil, err
	}
	return newAuthority(key, slices.Clone(chain), now)
}

// newAuthority binds a key to a chain that has been checked.
func newAuthority(key crypto.Signer, chain []*x509.Certificate, now func() time.Time) (*Authority, error) {
	if key == nil {
		return nil, errors.New("ca: load the authority: the key is missing")
	}
	if !MatchKey(key, chain[0]) {
		return nil, fmt.Errorf("ca: load the authority: %w of %s", ErrKeyMismatch, Describe(chain[0]))
	}
	return &Authority{
		key:   key,
		chain: chain,
		now:   now,
		throwaway: sync.OnceValues(func() (crypto.Signer, error) {
			return throwawayKey(chain[0].PublicKey)
		}),
	}, nil
}

// Certificate is the certificate of the authority. It must not be changed.
func (a *Authority) Certificate() *x509.Certificate { return a.chain[0] }

// Chain is the certificate of the authority, followed by its issuers up to the root.
func (a *Authority) Chain() []*x509.Certificate { return slices.Clone(a.chain) }

// Root is the last certificate of the chain.
func (a *Authority) Root() *x509.Certificate { return a.chain[len(a.chain)-1] }

// Format implements fmt.Formatter. It prints the name with every verb, so that no verb
// prints the key.
func (a *Authority) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "ca.Authority("+Describe(a.Certificate())+")")
}

// newTemplate fills in the fields that all certificates have.
func newTemplate(key crypto.PublicKey, now time.Time) (*x509.Certificate, error) {
	id, err := keyID(key)
	if err != nil {
		return nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: serial,
		NotBefore:    now.Add(-Backdate).UTC().Truncate(time.Second),
		SubjectKeyId: id,
		PublicKey:    key,
	}, nil
}

// newSerial returns 128 random bits that are not all zero.
func newSerial() (*big.Int, error) {
	for {
		serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
		if err != nil || serial.Sign() > 0 {
			return serial, err
		}
	}
}

// sign makes a certificate of a template; crypto/x509 verifies the signature.
func sign(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}
