package local

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
)

// A CA is renewed at two thirds of its life, a twentieth of its life sooner or
// later.
const (
	renewAt = 2.0 / 3
	spread  = 1.0 / 10
)

// retries is how many times the upstream is asked again, at least, in what is left
// of a CA when its renewal fails.
const retries = 30

// Check obtains the first CA, and renews it once it is due, at two thirds of its
// life: it gives the upstream as long as ctx does. The old CA is used until the new
// one is verified and, if the options say so, has been announced for long enough.
//
// It returns nil as long as the current CA has [MinimumLeft], even if a renewal
// fails; see [Ephemeral.Trouble] for that. So it says whether to send requests
// here, and Trouble what somebody should look at. Its error wraps that of the
// upstream, if there is one.
//
// A renewal that fails is tried again after a thirtieth of what is left; one that is
// pending when the upstream says, within five minutes, with the same key and CSR;
// and one without which there is no healthy CA at every Check. One Check asks at a
// time: another returns at once if the current CA is healthy, else it waits for what
// the first gets.
func (e *Ephemeral) Check(ctx context.Context) error {
	before := e.failure.Load()
	if !e.isDue(ctx) && e.options.Announce == 0 || ctx.Err() != nil {
		return e.health(ctx)
	}
	if e.health(ctx) == nil {
		select {
		case e.turn <- struct{}{}:
		default:
			return nil
		}
	} else {
		select {
		case e.turn <- struct{}{}:
		case <-ctx.Done():
			return e.health(ctx)
		}
	}
	defer func() { <-e.turn }()
	if e.isDue(ctx) && !e.failedSince(before) {
		e.attempt(ctx)
	}
	e.announce(ctx)
	return e.health(ctx)
}

// failedSince reports whether another Check has failed meanwhile. One whose context
// ended says nothing about the upstream.
func (e *Ephemeral) failedSince(before *failure) bool {
	f := e.failure.Load()
	return f != nil && f != before && !f.ended
}

// Trouble is what somebody should look at, while the current CA may still sign: the error
// of the last attempt to obtain or renew the CA, which wraps a [*issuer.PendingError], a
// [*issuer.PermanentError] or a [*issuer.ResponseError] of the upstream, and else that of the
// last announcement. It is nil if these succeeded or were not due yet.
func (e *Ephemeral) Trouble() error {
	for _, f := range []*failure{e.failure.Load(), e.hidden.Load()} {
		if f != nil {
			return f.err
		}
	}
	return nil
}

// isDue reports whether to ask the upstream now. A CA that waits is good until it nears
// its end, without having been announced in all that time.
func (e *Ephemeral) isDue(ctx context.Context) bool {
	now := e.options.Now()
	if g := e.waiting.Load(); g != nil && g.Check(ctx) == nil {
		return false
	}
	if f := e.failure.Load(); f != nil {
		return !now.Before(f.again)
	}
	g := e.current.Load()
	return g == nil || !now.Before(g.due)
}

func (e *Ephemeral) health(ctx context.Context) error {
	err := e.absence()
	if g := e.current.Load(); g != nil {
		ended := g.Check(ctx)
		if ended == nil {
			return nil
		}
		if e.waiting.Load() == nil {
			err = ended
		} else {
			err = fmt.Errorf("%w; %w", ended, err)
		}
	}
	if cause := e.Trouble(); cause != nil {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	if cause := ctx.Err(); cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	return err
}

// attempt asks the upstream. A new CA that is good replaces the current one, now or after
// it was announced.
func (e *Ephemeral) attempt(ctx context.Context) {
	g, err := e.obtain(ctx)
	if err != nil {
		e.failure.Store(&failure{err: err, again: e.again(ctx, err), ended: ctx.Err() != nil})
		return
	}
	if e.options.Announce == 0 {
		e.current.Store(g)
	} else {
		e.waiting.Store(g)
	}
	e.failure.Store(nil)
}

// again is when to ask the upstream again. That ctx was cancelled is not its fault.
// Whatever it says, a pending certificate is asked for before it is so old that it is
// no answer any more, see [issuer.MaxBackdate].
func (e *Ephemeral) again(ctx context.Context, err error) time.Time {
	now := e.options.Now()
	if pending, ok := errors.AsType[*issuer.PendingError](err); ok {
		return now.Add(min(pending.After, issuer.MaxBackdate/2))
	}
	g := e.current.Load()
	if g == nil || g.Check(ctx) != nil || errors.Is(ctx.Err(), context.Canceled) {
		return now
	}
	return now.Add(g.authority.Certificate().NotAfter.Sub(now) / retries)
}

// candidate is a key that is not certified yet. The upstream is asked about the same
// one until it answers.
type candidate struct {
	key crypto.Signer
	csr []byte
}

func newCandidate(t ca.KeyType, commonName string) (*candidate, error) {
	key, err := ca.GenerateKey(t)
	if err != nil {
		return nil, err
	}
	csr, err := issuer.CSR(key, commonName)
	if err != nil {
		return nil, err
	}
	return &candidate{key: key, csr: csr}, nil
}

// obtain makes a new CA. After a wrong answer it does so with another key the next
// time, since a certificate that nobody wanted may exist for this one.
func (e *Ephemeral) obtain(ctx context.Context) (*generation, error) {
	o := &e.options
	if e.next == nil {
		next, err := newCandidate(o.KeyType, o.CommonName)
		if err != nil {
			return nil, fmt.Errorf("key and CSR: %w", err)
		}
		e.next = next
	}
	next := e.next
	chain, err := issuer.ObtainIntermediate(ctx, o.Upstream, issuer.IntermediateRequest{
		CSR:         next.csr,
		PublicKey:   next.key.Public(),
		CommonName:  o.CommonName,
		Constraints: o.Constraints,
		Lifetime:    o.Lifetime,
	}, o.Obtain)
	if _, wrong := errors.AsType[*issuer.ResponseError](err); wrong || err == nil {
		e.next = nil
	}
	if err != nil {
		return nil, err
	}
	if err := errors.Join(e.replaceable(chain.Certificates[0]), e.announceable(chain.Certificates[0])); err != nil {
		return nil, err
	}
	return e.generation(next.key, chain.Certificates)
}

// replaceable refuses a CA that would be no better than the current one, or that
// verifiers would mix up with it.
func (e *Ephemeral) replaceable(cert *x509.Certificate) error {
	g := e.current.Load()
	if g == nil {
		return nil
	}
	old := g.authority.Certificate()
	if !slices.Contains(e.options.Obtain.Except, ca.RuleDistinctNames) && bytes.Equal(old.RawSubject, cert.RawSubject) {
		return &issuer.ResponseError{Backend: e.options.Obtain.Backend, Violations: []*ca.Violation{{
			Rule: ca.RuleDistinctNames, Cert: cert, Detail: "shares its subject with the CA that it is to replace, which has another key",
		}}}
	}
	if !cert.NotAfter.After(old.NotAfter) {
		return fmt.Errorf("the new CA %s ends at %s, no later than the current one", ca.Describe(cert), cert.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

func (e *Ephemeral) generation(key crypto.Signer, chain []*x509.Certificate) (*generation, error) {
	authority, err := ca.Load(key, chain, e.options.Now)
	if err != nil {
		return nil, err
	}
	signer, err := New(authority, Options{Now: e.options.Now})
	if err != nil {
		return nil, err
	}
	crl, err := authority.CRL(ca.CRLOptions{Number: big.NewInt(1)})
	if err != nil {
		return nil, err
	}
	now := e.options.Now()
	life := float64(authority.Certificate().NotAfter.Sub(now))
	share := renewAt + spread*(e.options.Jitter()-0.5)
	return &generation{Issuer: signer, crl: crl, due: now.Add(time.Duration(life*share) - e.options.Announce)}, nil
}

// random draws from [0,1).
func random() float64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return float64(binary.BigEndian.Uint64(b[:])>>11) / (1 << 53)
}
