package issuertest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/trustgen/trustgen/issuer"
)

func repeatCases() []testCase {
	return []testCase{
		{name: "concurrent requests succeed", when: always, run: servesConcurrently},
		{name: "serial numbers are unique", when: always, run: uniqueSerials},
		{name: "the same CSR twice gives two valid certificates", when: always, run: repeats},
	}
}

func servesConcurrently(ctx context.Context, s *suite) error {
	requests := make([]issuer.Request, s.burst)
	for i := range requests {
		var err error
		if requests[i], err = s.fresh(); err != nil {
			return err
		}
	}
	chains, errs := make([]*issuer.Chain, len(requests)), make([]error, len(requests))
	var group sync.WaitGroup
	for i, r := range requests {
		group.Go(func() { chains[i], errs[i] = s.ask(ctx, r) })
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return distinctSerials(chains)
}

func uniqueSerials(ctx context.Context, s *suite) error {
	var chains []*issuer.Chain
	for range 6 {
		chain, err := s.askFresh(ctx)
		if err != nil {
			return err
		}
		chains = append(chains, chain)
	}
	return distinctSerials(chains)
}

// distinctSerials compares certificates of one issuer (RFC 5280 §4.1.2.2).
func distinctSerials(chains []*issuer.Chain) error {
	seen := make(map[string]bool)
	for _, chain := range chains {
		serial := chain.Certificates[0].SerialNumber.Text(16)
		if seen[serial] {
			return fmt.Errorf("two certificates have the serial number %s", serial)
		}
		seen[serial] = true
	}
	return nil
}

// repeats does what istiod's clients do after an error.
func repeats(ctx context.Context, s *suite) error {
	r, err := s.fresh()
	if err != nil {
		return err
	}
	_, first := s.ask(ctx, r)
	_, second := s.ask(ctx, r)
	return errors.Join(first, second)
}
