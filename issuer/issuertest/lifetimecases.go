package issuertest

import (
	"context"
	"fmt"
	"time"

	"github.com/trustgen/trustgen/issuer"
)

func lifetimeCases() []testCase {
	return []testCase{
		{name: "a lifetime is kept", when: always, run: keepsLifetime},
		{name: "a long lifetime is kept, cut or refused", when: always, run: boundsLifetime},
		{name: "a certificate does not outlive its issuer", when: always, run: staysWithinIssuer},
	}
}

// shortened is a certificate that ends sooner than it was asked for, and sooner than
// its issuer.
type shortened struct{ asked, got time.Duration }

func (e *shortened) Error() string {
	return fmt.Sprintf("a certificate for %s ends after %s", e.asked, e.got)
}

// askFor asks for a lifetime. Some backends take the time by which they backdate off
// the end, so as much less is fine as [issuer.EndTolerance] allows more.
func (s *suite) askFor(ctx context.Context, lifetime time.Duration) error {
	asked := s.Now()
	chain, err := s.askFresh(ctx, func(r *issuer.Request) { r.Lifetime = lifetime })
	if err != nil {
		return err
	}
	end := chain.Certificates[0].NotAfter
	byIssuer := !end.Before(chain.Certificates[1].NotAfter)
	if !byIssuer && end.Before(asked.Add(lifetime-issuer.EndTolerance)) {
		return &shortened{asked: lifetime, got: end.Sub(asked).Round(time.Minute)}
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
		s.seen.note(longest, "longer ones are cut")
	case err != nil:
		s.seen.note(longest, fmt.Sprintf("%s is %s", times*s.Lifetime, outcome(err)))
	}
	return forgiven(err)
}

// staysWithinIssuer lets a backend sign what is then not delivered.
func staysWithinIssuer(ctx context.Context, s *suite) error {
	chain, err := s.askFresh(ctx)
	if err != nil {
		return err
	}
	left := chain.Certificates[1].NotAfter.Sub(s.Now())
	_, err = s.askFresh(ctx, func(r *issuer.Request) { r.Lifetime = left + time.Hour })
	return forgiven(err)
}
