package issuer

import (
	"context"
	"fmt"

	"golang.org/x/time/rate"
)

// LimitOptions bound how an issuer is used; zero means no bound.
type LimitOptions struct {
	// Rate is how many requests a second are let through on average, Burst how many
	// at once. A Burst below 1 is 1.
	Rate  float64
	Burst int
	// Concurrency is how many requests are under way at the same time.
	Concurrency int
}

// Limit lets requests wait before they reach an issuer. One whose context would end
// first fails at once; that error is transient.
func Limit(i Issuer, o LimitOptions) Issuer {
	l := &limited{issuer: i, rate: rate.NewLimiter(rate.Inf, 0)}
	if o.Rate > 0 {
		l.rate = rate.NewLimiter(rate.Limit(o.Rate), max(o.Burst, 1))
	}
	if o.Concurrency > 0 {
		l.slots = make(chan struct{}, o.Concurrency)
	}
	return l
}

type limited struct {
	issuer Issuer
	rate   *rate.Limiter
	slots  chan struct{} // nil: as many as come
}

// Unwrap gives the issuer behind the limit.
func (l *limited) Unwrap() Issuer { return l.issuer }

func (l *limited) Issue(ctx context.Context, r Request) (*Chain, error) {
	if l.slots != nil {
		select {
		case l.slots <- struct{}{}:
			defer func() { <-l.slots }()
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for other requests: %w", ctx.Err())
		}
	}
	if err := l.rate.Wait(ctx); err != nil {
		return nil, fmt.Errorf("wait for the rate limit: %w", err)
	}
	return l.issuer.Issue(ctx, r)
}

// As finds an optional interface, such as [Checker], of an issuer or of one that it
// wraps.
func As[T any](i Issuer) (T, bool) {
	for {
		if found, ok := i.(T); ok {
			return found, true
		}
		wrapper, ok := i.(interface{ Unwrap() Issuer })
		if !ok {
			var none T
			return none, false
		}
		i = wrapper.Unwrap()
	}
}
