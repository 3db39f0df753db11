package local

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
)

// Lifetimes of an ephemeral CA.
const (
	DefaultEphemeralLifetime = 24 * time.Hour
	// MinimumEphemeralLifetime leaves time to retry a renewal before [MinimumLeft].
	MinimumEphemeralLifetime = 6 * MinimumLeft
)

// EphemeralOptions configure a CA whose key is never stored.
type EphemeralOptions struct {
	// Upstream certifies the CA. It is required.
	Upstream issuer.IntermediateIssuer
	// Obtain configures the checks of its responses. Roots is required; an empty Backend
	// means "the upstream", a nil Now the one below.
	Obtain issuer.ObtainOptions
	// CommonName of the CA, for example the name of its cluster. It is required.
	CommonName string
	// KeyType of its keys; empty means [ca.P256].
	KeyType ca.KeyType
	// Lifetime that is requested, at least [MinimumEphemeralLifetime]; zero means
	// [DefaultEphemeralLifetime]. The upstream may grant less.
	Lifetime time.Duration
	// Announce is how long a CA is published before it signs, so that verifiers that need
	// its CRL can load it first. The current CA signs in the meantime, and renewals start
	// earlier by this time. The first CA is announced too: until it signs, Issue returns
	// an error. At least [MinimumAnnounce] and at most a quarter of the lifetime; zero
	// lets a CA sign immediately.
	Announce time.Duration
	// Announcer publishes CAs. It is required if Announce is not zero.
	Announcer Announcer
	// Constraints limit the names that the CA may certify; nil means any.
	Constraints *ca.NameConstraints
	// Jitter returns a number in [0,1) that spreads renewals, so that CAs that started at
	// the same time are not renewed at the same time; nil means a random number.
	Jitter func() float64
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Ephemeral is a CA whose key exists only in memory: it is never written, logged or
// formatted. An upstream CA certifies it, and each renewal uses a new key. It implements
// [issuer.Issuer] and [issuer.Checker], and is safe for concurrent use.
//
// Ephemeral starts no goroutine. The caller calls [Ephemeral.Check] before the first
// request, then every few minutes.
//
// Each renewal creates a CA with a new CRL. Where clusters publish CRLs, verifiers reject
// the leaves of the new CA until they have that CRL; see [EphemeralOptions.Announce].
type Ephemeral struct {
	options     EphemeralOptions
	turn        chan struct{}              // held by the Check that calls the upstream
	next        *candidate                 // guarded by turn
	waiting     atomic.Pointer[generation] // to be announced before it signs
	current     atomic.Pointer[generation]
	failure     atomic.Pointer[failure]
	unannounced atomic.Pointer[failure] // of the last announcement
}

// generation is a key with its certificate and CRL.
type generation struct {
	*Issuer
	crl  *x509.RevocationList
	due  time.Time // when its renewal starts
	from time.Time // when it starts to sign; zero until it has been announced
}

// failure is a failed attempt.
type failure struct {
	err   error
	retry time.Time // when the next attempt is due
	ended bool      // the context of the attempt had ended
}

// NewEphemeral checks the options. It does not call the upstream: the first
// [Ephemeral.Check] does.
func NewEphemeral(o EphemeralOptions) (*Ephemeral, error) {
	if err := o.complete(); err != nil {
		return nil, fmt.Errorf("ephemeral CA: %w", err)
	}
	return &Ephemeral{options: o, turn: make(chan struct{}, 1)}, nil
}

// complete checks options and sets defaults.
func (o *EphemeralOptions) complete() error {
	switch {
	case o.Upstream == nil:
		return errors.New("the upstream is missing")
	case len(o.Obtain.Roots) == 0:
		return errors.New("the roots of the upstream are missing")
	case o.Lifetime == 0:
		o.Lifetime = DefaultEphemeralLifetime
	case o.Lifetime < MinimumEphemeralLifetime:
		return fmt.Errorf("the lifetime %s is shorter than %s", o.Lifetime, MinimumEphemeralLifetime)
	}
	if err := o.completeAnnounce(); err != nil {
		return err
	}
	// Any key shows whether the name can be tagged.
	if _, err := ca.TaggedName(o.CommonName, o.Obtain.Roots[0].PublicKey); err != nil {
		return err
	}
	if _, err := ca.Intermediate(ca.IntermediateOptions{Constraints: o.Constraints}); err != nil {
		return err
	}
	if o.KeyType != "" {
		keyType, err := ca.ParseKeyType(string(o.KeyType))
		if err != nil {
			return err
		}
		o.KeyType = keyType
	}
	if o.Jitter == nil {
		o.Jitter = random
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Obtain.Backend == "" {
		o.Obtain.Backend = "the upstream"
	}
	if o.Obtain.Now == nil {
		o.Obtain.Now = o.Now
	}
	o.Obtain.Roots = slices.Clone(o.Obtain.Roots)
	if c := o.Constraints; c != nil {
		o.Constraints = &ca.NameConstraints{TrustDomain: c.TrustDomain, DNSNames: slices.Clone(c.DNSNames)}
	}
	return nil
}

// Issue signs a leaf with the current CA. It does not wait for a renewal. It returns a
// transient error before the first successful [Ephemeral.Check], and after the CA has
// expired.
func (e *Ephemeral) Issue(ctx context.Context, r issuer.Request) (*issuer.Chain, error) {
	g := e.current.Load()
	if g == nil {
		return nil, e.absent()
	}
	return g.Issue(ctx, r)
}

// absent is a transient error. It does not wrap the error of the upstream, which may be
// permanent: that is not the fault of the request.
func (e *Ephemeral) absent() error {
	if err := e.Trouble(); err != nil {
		return fmt.Errorf("%w: %s", e.absence(), err.Error())
	}
	return e.absence()
}

// Certificate returns the certificate of the current CA, or nil before the first. The
// caller must not modify it.
func (e *Ephemeral) Certificate() *x509.Certificate {
	if g := e.current.Load(); g != nil {
		return g.authority.Certificate()
	}
	return nil
}

// Chain returns the certificate of the current CA, followed by its issuers up to the root,
// or nil before the first CA.
func (e *Ephemeral) Chain() []*x509.Certificate {
	if g := e.current.Load(); g != nil {
		return g.authority.Chain()
	}
	return nil
}

// CRL returns the CRL of the current CA, to be distributed to verifiers: it is empty, has
// number 1 and is valid until the CA ends. It does not change until the CA is renewed. The
// caller must not modify it. Leaves of an earlier CA remain valid, so its CRL is needed
// until its NextUpdate. A verifier that checks CRLs rejects the leaves of a renewed CA until
// it has the new CRL.
func (e *Ephemeral) CRL() (*x509.RevocationList, error) {
	if g := e.current.Load(); g != nil {
		return g.crl, nil
	}
	return nil, e.absent()
}

// Format prints the name for every verb, so that formatting never reveals the key.
func (e *Ephemeral) Format(f fmt.State, _ rune) {
	name := e.options.CommonName + ", not obtained yet"
	if cert := e.Certificate(); cert != nil {
		name = ca.Describe(cert)
	}
	_, _ = io.WriteString(f, "local.Ephemeral("+name+")")
}
