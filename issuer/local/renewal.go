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

// A CA is renewed at two thirds of its lifetime, plus or minus a twentieth.
const (
	renewAt = 2.0 / 3
	spread  = 1.0 / 10
)

// retries is the minimum number of attempts in the remaining lifetime of a CA after its
// renewal has failed.
const retries = 30

// Check obtains the first CA, and renews it at two thirds of its lifetime. The upstream has
// as long as ctx. The current CA signs until the new one has been verified and, if
// configured, announced.
//
// Check returns nil while the current CA has [MinimumLeft], even if a renewal fails: it
// reports whether Issue is expected to succeed. [Ephemeral.Trouble] reports failures that
// an operator should investigate. The error wraps that of the upstream, if any.
//
// A failed renewal is retried after a thirtieth of the remaining lifetime; at every Check
// while there is no healthy CA. A pending one is retried with the same key and CSR after
// the time that the upstream returned, at most five minutes. Only one Check calls the
// upstream at a time. A concurrent one returns immediately if the current CA is healthy;
// otherwise it waits for the first.
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

// failedSince reports whether another Check has failed in the meantime. A failure because
// of an ended context does not count.
func (e *Ephemeral) failedSince(before *failure) bool {
	f := e.failure.Load()
	return f != nil && f != before && !f.ended
}

// Trouble returns the error of the last attempt to obtain or renew the CA, which wraps that
// of the upstream; if there is none, the error of the last announcement. It is nil if both
// succeeded or were not due. The current CA may still sign.
func (e *Ephemeral) Trouble() error {
	for _, f := range []*failure{e.failure.Load(), e.unannounced.Load()} {
		if f != nil {
			return f.err
		}
	}
	return nil
}

// isDue reports whether to call the upstream now. A CA that waits to be announced is
// replaced only when it nears its end.
func (e *Ephemeral) isDue(ctx context.Context) bool {
	now := e.options.Now()
	if g := e.waiting.Load(); g != nil && g.Check(ctx) == nil {
		return false
	}
	if f := e.failure.Load(); f != nil {
		return !now.Before(f.retry)
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

// attempt calls the upstream. A valid new CA replaces the current one, immediately or after
// it has been announced.
func (e *Ephemeral) attempt(ctx context.Context) {
	g, err := e.obtain(ctx)
	if err != nil {
		e.failure.Store(&failure{err: err, retry: e.retryAt(ctx, err), ended: ctx.Err() != nil})
		return
	}
	if e.options.Announce == 0 {
		e.current.Store(g)
	} else {
		e.waiting.Store(g)
	}
	e.failure.Store(nil)
}

// retryAt returns when the next attempt is due: at once if ctx was cancelled, which is not
// a failure of the upstream. A pending request is repeated before the certificate could be
// older than [issuer.MaxBackdate] allows.
func (e *Ephemeral) retryAt(ctx context.Context, err error) time.Time {
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

// candidate is a key that is not certified yet. It is kept until the upstream responds.
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

// obtain obtains a new CA. After an invalid response the next attempt uses another key,
// since an unwanted certificate may exist for this one.
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
	if _, invalid := errors.AsType[*issuer.ResponseError](err); invalid || err == nil {
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

// replaceable rejects a CA that does not outlive the current one, or that verifiers would
// confuse with it.
func (e *Ephemeral) replaceable(cert *x509.Certificate) error {
	g := e.current.Load()
	if g == nil {
		return nil
	}
	old := g.authority.Certificate()
	if !slices.Contains(e.options.Obtain.Except, ca.RuleDistinctNames) && bytes.Equal(old.RawSubject, cert.RawSubject) {
		return &issuer.ResponseError{Backend: e.options.Obtain.Backend, Violations: []*ca.Violation{{
			Rule: ca.RuleDistinctNames, Cert: cert, Detail: "has the same subject as the current CA, but another key",
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

// random returns a number in [0,1).
func random() float64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return float64(binary.BigEndian.Uint64(b[:])>>11) / (1 << 53)
}
