package local

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// MinimumAnnounce is the shortest time for which a CA can be announced.
const MinimumAnnounce = time.Minute

// Announcer makes CAs known to whoever has to have their CRLs.
type Announcer interface {
	// Announce makes a CA public: its certificate, followed by its issuers up to the root,
	// and its CRL. It is called at every Check, and reports whether any of that was not
	// public yet. None of it is secret.
	Announce(ctx context.Context, chain []*x509.Certificate, crl *x509.RevocationList) (news bool, err error)
}

// completeAnnounce needs the lifetime.
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

// announceable refuses a CA that the upstream has given so little time that its successor
// could not be announced before it ends.
func (e *Ephemeral) announceable(cert *x509.Certificate) error {
	if left := cert.NotAfter.Sub(e.options.Now()); e.options.Announce > left/3 {
		return fmt.Errorf("the new CA %s ends at %s, too soon for announcements of %s: it has to live three times as long",
			ca.Describe(cert), cert.NotAfter.UTC().Format(time.RFC3339), e.options.Announce)
	}
	return nil
}

// announce makes public what signs and what is to sign next, and lets the latter sign once
// it has been public for as long as the options say, all the time.
func (e *Ephemeral) announce(ctx context.Context) {
	if e.options.Announce == 0 {
		return
	}
	if err := errors.Join(e.bringOn(ctx), e.keepPublic(ctx)); err != nil {
		e.hidden.Store(&failure{err: err})
		return
	}
	e.hidden.Store(nil)
}

// bringOn brings the CA that waits closer to its time. What nobody could see for a while
// begins anew.
func (e *Ephemeral) bringOn(ctx context.Context) error {
	g := e.waiting.Load()
	if g == nil {
		return nil
	}
	news, err := e.publish(ctx, g)
	if err != nil {
		return err
	}
	switch now := e.options.Now(); {
	case news || g.from.IsZero():
		public := *g
		public.from = now.Add(e.options.Announce)
		e.waiting.Store(&public)
	case !now.Before(g.from):
		e.current.Store(g)
		e.waiting.Store(nil)
	}
	return nil
}

func (e *Ephemeral) keepPublic(ctx context.Context) error {
	g := e.current.Load()
	if g == nil {
		return nil
	}
	_, err := e.publish(ctx, g)
	return err
}

func (e *Ephemeral) publish(ctx context.Context, g *generation) (news bool, err error) {
	if news, err = e.options.Announcer.Announce(ctx, g.authority.Chain(), g.crl); err != nil {
		return false, fmt.Errorf("announce the CA %s: %w", ca.Describe(g.Certificate()), err)
	}
	return news, nil
}

// absence says why no CA signs.
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
