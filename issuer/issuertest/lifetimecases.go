package issuertest

import (
	"context"
	"fmt"
	"time"

	"github.com/trustgen/trustgen/issuer"
)

func lifetimeCases() []testCase {
	return []testCase{
		{name: "the requested lifetime is granted", when: always, run: keepsLifetime},
		{name: "a long lifetime is granted, shortened or rejected", when: always, run: boundsLifetime},
		{name: "a certificate does not outlive its issuer", when: always, run: staysWithinIssuer},
	}
}

// shortened is a certificate that ends earlier than requested and earlier than its issuer.
type shortened struct{ requested, got time.Duration }

func (e *shortened) Error() string {
	return fmt.Sprintf("a certificate requested for %s ends after %s", e.requested, e.got)
}

// askFor requests a lifetime. Some backends subtract the time by which they backdate, so a
// certificate may end earlier by [issuer.EndTolerance].
func (s *suite) askFor(ctx context.Context, lifetime time.Duration) error {
	start := s.Now()
	chain, err := s.askFresh(ctx, func(r *issuer.Request) { r.Lifetime = lifetime })
	if err != nil {
		return err
	}
	end := chain.Certificates[0].NotAfter
	byIssuer := !end.Before(chain.Certificates[1].NotAfter)
	if !byIssuer && end.Before(start.Add(lifetime-issuer.EndTolerance)) {
		return &shortened{requested: lifetime, got: end.Sub(start).Round(time.Minute)}
	}
	return nil
}

func keepsLifetime(ctx context.Context, s *suite) error {
	for _, lifetime := range []time.Duration{s.Lifetime / 2, s.Lifetime} {
		if err := s.seen.judge(lifetimes, s.claims.Lifetime, s.askFor(ctx, lifetime)); err != nil {
			return err
		}
	}
	return nil
}

func boundsLifetime(ctx context.Context, s *suite) error {
	const times = 24
	err := s.askFor(ctx, times*s.Lifetime)
	switch {
	case isA[*shortened](err):
		s.seen.note(longest, "longer ones are shortened")
	case err != nil:
		s.seen.note(longest, fmt.Sprintf("%s is %s", times*s.Lifetime, outcome(err)))
	}
	return fatalOnly(err)
}

// staysWithinIssuer accepts a backend that signs such a certificate, since Obtain rejects
// it.
func staysWithinIssuer(ctx context.Context, s *suite) error {
	chain, err := s.askFresh(ctx)
	if err != nil {
		return err
	}
	left := chain.Certificates[1].NotAfter.Sub(s.Now())
	_, err = s.askFresh(ctx, func(r *issuer.Request) { r.Lifetime = left + time.Hour })
	return fatalOnly(err)
}
