package local

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// MinimumAnnounce is the minimum of [EphemeralOptions.Announce].
const MinimumAnnounce = time.Minute

// Announcer publishes CAs for those who distribute their CRLs.
type Announcer interface {
	// Announce publishes a CA: its certificate, followed by its issuers up to the root,
	// and its CRL. None of them is secret. Every Check calls it. It reports whether any of
	// them was not published before.
	Announce(ctx context.Context, chain []*x509.Certificate, crl *x509.RevocationList) (added bool, err error)
}

// completeAnnounce checks the options of announcements against the lifetime.
func (o *EphemeralOptions) completeAnnounce() error {
	switch {
	case o.Announce == 0:
		return nil
	case o.Announce < MinimumAnnounce:
		return fmt.Errorf("announce: %s is shorter than %s", o.Announce, MinimumAnnounce)
	case o.Announce > o.Lifetime/4:
		return fmt.Errorf("announce: %s is longer than a quarter of the lifetime %s", o.Announce, o.Lifetime)
	case o.Announcer == nil:
		return errors.New("announce: the announcer is missing")
	}
	return nil
}

// announceable rejects a CA whose lifetime is too short to announce its successor before it
// ends.
func (e *Ephemeral) announceable(cert *x509.Certificate) error {
	if left := cert.NotAfter.Sub(e.options.Now()); e.options.Announce > left/3 {
		return fmt.Errorf("the new CA %s ends at %s, too soon for announcements of %s: its lifetime must be three times as long",
			ca.Describe(cert), cert.NotAfter.UTC().Format(time.RFC3339), e.options.Announce)
	}
	return nil
}

// announce publishes the current and the next CA. The next one starts to sign after it has
// been published without interruption for the configured time.
func (e *Ephemeral) announce(ctx context.Context) {
	if e.options.Announce == 0 {
		return
	}
	if err := errors.Join(e.announceNext(ctx), e.announceCurrent(ctx)); err != nil {
		e.unannounced.Store(&failure{err: err})
		return
	}
	e.unannounced.Store(nil)
}

// announceNext publishes the next CA. If it had disappeared, its time starts again.
func (e *Ephemeral) announceNext(ctx context.Context) error {
	g := e.waiting.Load()
	if g == nil {
		return nil
	}
	added, err := e.publish(ctx, g)
	if err != nil {
		return err
	}
	switch now := e.options.Now(); {
	case added || g.from.IsZero():
		announced := *g
		announced.from = now.Add(e.options.Announce)
		e.waiting.Store(&announced)
	case !now.Before(g.from):
		e.current.Store(g)
		e.waiting.Store(nil)
	}
	return nil
}

func (e *Ephemeral) announceCurrent(ctx context.Context) error {
	g := e.current.Load()
	if g == nil {
		return nil
	}
	_, err := e.publish(ctx, g)
	return err
}

func (e *Ephemeral) publish(ctx context.Context, g *generation) (added bool, err error) {
	if added, err = e.options.Announcer.Announce(ctx, g.authority.Chain(), g.crl); err != nil {
		return false, fmt.Errorf("announce the CA %s: %w", ca.Describe(g.Certificate()), err)
	}
	return added, nil
}

// absence explains why no CA signs.
func (e *Ephemeral) absence() error {
	switch g := e.waiting.Load(); {
	case g == nil:
		return fmt.Errorf("the CA %s has not been obtained yet", e.options.CommonName)
	case g.from.IsZero():
		return fmt.Errorf("the CA %s has not been announced yet", ca.Describe(g.Certificate()))
	default:
		return fmt.Errorf("the CA %s is announced and signs from %s", ca.Describe(g.Certificate()), g.from.UTC().Format(time.RFC3339))
	}
}
