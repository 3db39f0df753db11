package issuer

import (
	"context"
	"fmt"

	"golang.org/x/time/rate"
)

// LimitOptions limit the use of an issuer; zero means no limit.
type LimitOptions struct {
	// Rate is the average number of requests a second, Burst how many may start at
	// once. A Burst below 1 means 1.
	Rate  float64
	Burst int
	// Concurrency is the number of requests in progress at the same time.
	Concurrency int
}

// Limit delays requests to an issuer so that they stay within limits. A request whose
// context would end before its turn fails, with a transient error.
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
	slots  chan struct{} // nil means no limit
}

// Unwrap returns the issuer behind the limit.
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

// As returns the optional interface T, such as [Checker], of an issuer or of the first
// issuer that it wraps and that implements T.
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
