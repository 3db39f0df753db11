package issuertest

import (
	"context"
	"errors"
	"fmt"

	"github.com/trustgen/trustgen/issuer"
)

func healthCases() []testCase {
	return []testCase{
		{name: "a health check succeeds", when: claimsCheck, run: reportsHealthy},
		{name: "a request with an ended context returns its error", when: always, run: heedsEndedContext},
	}
}

func claimsCheck(s *suite) bool { return s.claims.Check }

// check runs the health check of the backend.
func (s *suite) check(ctx context.Context) error {
	checker, ok := issuer.As[issuer.Checker](s.Issuer)
	if !ok {
		return errors.New("it does not implement Checker")
	}
	_, err := withTimeout(ctx, s.grace, func(ctx context.Context) (struct{}, error) { return struct{}{}, checker.Check(ctx) })
	return err
}

func reportsHealthy(ctx context.Context, s *suite) error { return s.check(ctx) }

func heedsEndedContext(ctx context.Context, s *suite) error {
	r, err := s.fresh()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	_, err = s.ask(ctx, r)
	return requireEnded(err, context.Canceled)
}

// requireEnded requires the error of a context.
func requireEnded(err, want error) error {
	if err := requireTransient(err); err != nil {
		return err
	}
	if !errors.Is(err, want) {
		return fmt.Errorf("the error is not %w of the context: %w", want, err)
	}
	return nil
}
