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
	// MinimumEphemeralLifetime leaves more than [MinimumLeft] for a renewal that
	// fails at first.
	MinimumEphemeralLifetime = 6 * MinimumLeft
)

// EphemeralOptions describe a CA whose key is never stored.
type EphemeralOptions struct {
	// Upstream certifies the CA. It is required.
	Upstream issuer.IntermediateIssuer
	// Obtain says what its answers are held against. Roots is required; an empty
	// Backend means "the upstream", a nil Now that of these options.
	Obtain issuer.ObtainOptions
	// CommonName is the name of the CA, for example its cluster. It is required.
	CommonName string
	// KeyType is that of its keys; empty means [ca.P256].
	KeyType ca.KeyType
	// Lifetime is what is asked for: at least [MinimumEphemeralLifetime]; zero
	// means [DefaultEphemeralLifetime]. The upstream may give less.
	Lifetime time.Duration
	// Announce is how long a CA is public before it signs, so that those who refuse the
	// leaves of a CA without its CRL can have that first. The old one signs meanwhile,
	// and a renewal is due that much earlier; the first CA of a process is announced as
	// well, and nothing signs until it does. At least [MinimumAnnounce] and at most a
	// quarter of the lifetime; zero lets a CA sign at once.
	Announce time.Duration
	// Announcer makes CAs public. Who announces has to have one.
	Announcer Announcer
	// Constraints limit the names that it can issue; nil means any.
	Constraints *ca.NameConstraints
	// Jitter draws from [0,1) when a renewal is planned, so that CAs which began
	// together do not renew together; nil means a random number.
	Jitter func() float64
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Ephemeral is a CA whose key is born in memory and dies with it: it is never
// written, logged or formatted. An upstream CA certifies it, again and again with a
// new key. It implements [issuer.Issuer] and [issuer.Checker].
//
// Each CA is another one, of which nobody has a CRL. So in a mesh where clusters publish
// CRLs its leaves are refused there until they have; see [EphemeralOptions.Announce].
//
// It has no goroutine of its own: whoever uses it calls [Ephemeral.Check], before
// the first certificate is asked for and then every few minutes. It is safe for
// concurrent use.
type Ephemeral struct {
	options EphemeralOptions
	turn    chan struct{}              // holds one while a Check asks the upstream
	next    *candidate                 // belongs to whoever has the turn
	waiting atomic.Pointer[generation] // is announced, or will be, before it signs
	current atomic.Pointer[generation]
	failure atomic.Pointer[failure]
	hidden  atomic.Pointer[failure] // of the last announcement
}

// generation is one key and its certificate, which replace the last ones together.
type generation struct {
	*Issuer
	crl  *x509.RevocationList
	due  time.Time // when its successor is asked for
	from time.Time // when it signs; zero as long as it has not been announced
}

// failure is an attempt that got nothing.
type failure struct {
	err   error
	again time.Time // when the upstream is asked again
	ended bool      // the context of the attempt had ended
}

// NewEphemeral checks options. It does not ask the upstream: the first
// [Ephemeral.Check] does.
func NewEphemeral(o EphemeralOptions) (*Ephemeral, error) {
	if err := o.complete(); err != nil {
		return nil, fmt.Errorf("ephemeral CA: %w", err)
	}
	return &Ephemeral{options: o, turn: make(chan struct{}, 1)}, nil
}

// complete checks options and fills in what they leave out.
func (o *EphemeralOptions) complete() error {
	switch {
	case o.Upstream == nil:
		return errors.New("the upstream is missing")
	case len(o.Obtain.Roots) == 0:
		return errors.New("the roots that the upstream may lead to are missing")
	case o.Lifetime == 0:
		o.Lifetime = DefaultEphemeralLifetime
	case o.Lifetime < MinimumEphemeralLifetime:
		return fmt.Errorf("the lifetime %s is shorter than %s", o.Lifetime, MinimumEphemeralLifetime)
	}
	if err := o.completeAnnounce(); err != nil {
		return err
	}
	// There is no key yet; any will do to see whether the name can be tagged.
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

// Issue signs a leaf with the current CA, at once: it never waits for a renewal.
// Before the first successful [Ephemeral.Check], and after the end of the CA, the
// error is transient.
func (e *Ephemeral) Issue(ctx context.Context, r issuer.Request) (*issuer.Chain, error) {
	g := e.current.Load()
	if g == nil {
		return nil, e.absent()
	}
	return g.Issue(ctx, r)
}

// absent is an error without a class of its own: what the upstream refused is not
// the fault of a workload.
func (e *Ephemeral) absent() error {
	if err := e.Trouble(); err != nil {
		return fmt.Errorf("%w: %s", e.absence(), err.Error())
	}
	return e.absence()
}

// Certificate is that of the current CA, nil before there is one. It must not be
// changed.
func (e *Ephemeral) Certificate() *x509.Certificate {
	if g := e.current.Load(); g != nil {
		return g.authority.Certificate()
	}
	return nil
}

// Chain is the certificate of the current CA, followed by its issuers up to the
// root; nil before there is one.
func (e *Ephemeral) Chain() []*x509.Certificate {
	if g := e.current.Load(); g != nil {
		return g.authority.Chain()
	}
	return nil
}

// CRL is the CRL of the current CA, for whoever distributes CRLs: empty, number 1,
// and good until the CA ends. It is the same until the CA is renewed, and must not
// be changed. Leaves of an earlier CA live on, so a CRL is needed until its
// NextUpdate. A verifier that holds CRLs refuses the leaves of a renewed CA until
// it has the new CRL too.
func (e *Ephemeral) CRL() (*x509.RevocationList, error) {
	if g := e.current.Load(); g != nil {
		return g.crl, nil
	}
	return nil, e.absent()
}

// Format prints the name, whatever the verb, so that no way of printing a CA shows
// its key.
func (e *Ephemeral) Format(f fmt.State, _ rune) {
	name := e.options.CommonName + ", not obtained yet"
	if cert := e.Certificate(); cert != nil {
		name = ca.Describe(cert)
	}
	_, _ = io.WriteString(f, "local.Ephemeral("+name+")")
}
