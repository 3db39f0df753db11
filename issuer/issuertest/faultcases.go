package issuertest

import (
	"context"
	"errors"
	"fmt"
	"time"
)

func faultCases() []testCase {
	return []testCase{
		{name: "a request is cancelled while its response is held", when: networked, fault: true, run: cancelsHeldRequest},
		{name: "a deadline passes while the response is held", when: networked, fault: true, run: heedsDeadline},
		{name: "a truncated response is a transient error", when: networked, fault: true, run: survives(cutResponses, false)},
		{name: "a CA that is down is a transient error", when: networked, fault: true, run: survives(down, true)},
		{name: "requests succeed again after a fault", when: networked, fault: true, run: recovers},
		{name: "some requests succeed over a flapping network", when: networked, fault: true, run: toleratesFlapping},
		{name: "a health check fails while the CA is down", when: checkedNetwork, fault: true, run: reportsDown},
		{name: "a health check ends with its context", when: checkedNetwork, fault: true, run: cancelsHeldCheck},
	}
}

func networked(s *suite) bool      { return s.claims.Network }
func checkedNetwork(s *suite) bool { return s.claims.Network && s.claims.Check }

// cancelsHeldRequest issues a certificate first: then a backend that keeps its connections
// has one, and is cancelled while it waits for the response.
func cancelsHeldRequest(ctx context.Context, s *suite) error {
	if _, err := s.askFresh(ctx); err != nil {
		return err
	}
	return requireEnded(s.cancelHeld(ctx, func(ctx context.Context) error {
		_, err := s.askFresh(ctx)
		return err
	}), context.Canceled)
}

func cancelsHeldCheck(ctx context.Context, s *suite) error {
	err := s.cancelHeld(ctx, s.check)
	switch {
	case err == nil:
		return errors.New("it reports that it is healthy")
	case isA[*unproxied](err):
		return err
	}
	return fatalOnly(err)
}

// cancelHeld cancels a call when the proxy holds a response back, and returns the error of
// the call. A call that returns earlier did not use the proxy, which is an error.
func (s *suite) cancelHeld(ctx context.Context, call func(context.Context) error) error {
	s.proxy.set(holdResponses, false)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- call(ctx) }()
	select {
	case <-s.proxy.held:
	case err := <-done:
		return &unproxied{err}
	}
	cancel()
	return <-done
}

// unproxied is a call that returned although the proxy had not seen a response.
type unproxied struct{ err error }

func (u *unproxied) Error() string {
	if u.err == nil {
		return "it did not reach its CA through the proxy"
	}
	return "it did not reach its CA through the proxy: " + u.err.Error()
}

func (u *unproxied) Unwrap() error { return u.err }

// firstDeadline is how long heedsDeadline first gives a request to reach the proxy.
const firstDeadline = 100 * time.Millisecond

// heedsDeadline lets a deadline pass while a response is held. Where the machine is too
// slow for the request to get that far, it tries again with twice the time.
func heedsDeadline(ctx context.Context, s *suite) error {
	if _, err := s.askFresh(ctx); err != nil {
		return err
	}
	for timeout := firstDeadline; ; timeout *= 2 {
		s.proxy.set(holdResponses, false)
		err := s.askUntil(ctx, timeout)
		if s.proxy.hasHeld() || err == nil || isA[*hang](err) || timeout >= callTimeout {
			return requireEnded(err, context.DeadlineExceeded)
		}
	}
}

// askUntil asks for a certificate with a deadline.
func (s *suite) askUntil(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err := s.askFresh(ctx)
	return err
}

// survives requires a transient error while there is a fault. The request has as long as
// any other one, so that its error comes from the fault; a backend that repeats a request
// as long as it may takes [callTimeout].
func survives(f fault, reset bool) func(context.Context, *suite) error {
	return func(ctx context.Context, s *suite) error {
		if _, err := s.askFresh(ctx); err != nil {
			return err
		}
		s.proxy.set(f, reset)
		_, err := s.askFresh(ctx)
		return requireTransient(err)
	}
}

// attempts is how many requests may fail after a fault: a backend may detect only by a
// failed request that its connection is closed.
const attempts = 4

func recovers(ctx context.Context, s *suite) error {
	s.proxy.set(cutResponses, true)
	_, err := s.askFresh(ctx)
	if err := requireTransient(err); err != nil {
		return err
	}
	s.proxy.set(noFault, true)
	for range attempts {
		if _, err = s.askFresh(ctx); err == nil {
			return nil
		}
	}
	return fmt.Errorf("after %d attempts: %w", attempts, err)
}

func toleratesFlapping(ctx context.Context, s *suite) error {
	succeeded := 0
	for range attempts {
		s.proxy.set(refuseEveryOther, true)
		for range 2 {
			_, err := s.askFresh(ctx)
			if err == nil {
				succeeded++
			} else if err := requireTransient(err); err != nil {
				return err
			}
		}
	}
	if succeeded == 0 {
		return fmt.Errorf("none of %d requests succeeded", 2*attempts)
	}
	return nil
}

func reportsDown(ctx context.Context, s *suite) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	s.proxy.set(down, true)
	if err := s.check(ctx); err != nil {
		return fatalOnly(err)
	}
	return errors.New("it reports that it is healthy")
}
