package issuertest

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// deadline is how long requests wait where a fault leaves nothing else to end them.
const deadline = 300 * time.Millisecond

func faultCases() []testCase {
	return []testCase{
		{name: "a request is cancelled in the middle of its answer", when: networked, fault: true, run: cancelsSlowAnswer},
		{name: "a deadline passes in the middle of an answer", when: networked, fault: true, run: heedsDeadline},
		{name: "an answer that is cut off is not the fault of the request", when: networked, fault: true, run: survives(cutResponses, false)},
		{name: "a CA that is down is not the fault of the request", when: networked, fault: true, run: survives(down, true)},
		{name: "a request works again when the line does", when: networked, fault: true, run: recovers},
		{name: "on a line that flaps some requests work", when: networked, fault: true, run: bearsFlapping},
		{name: "a CA that is down is not healthy", when: checkedNetwork, fault: true, run: saysDown},
		{name: "a health check ends with its context", when: checkedNetwork, fault: true, run: endsCheck},
	}
}

func networked(s *suite) bool      { return s.claims.Network }
func checkedNetwork(s *suite) bool { return s.claims.Network && s.claims.Check }

// cancelsSlowAnswer has asked once before, so that a backend which keeps its
// connections is not hit while it makes one.
func cancelsSlowAnswer(ctx context.Context, s *suite) error {
	if _, err := s.askFresh(ctx); err != nil {
		return err
	}
	s.proxy.set(holdResponses, false)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := s.askFresh(ctx)
		done <- err
	}()
	select {
	case <-s.proxy.held:
	case err := <-done:
		return errors.Join(errors.New("it did not ask its CA through the line"), err)
	}
	cancel()
	return requireEnded(<-done, context.Canceled)
}

func heedsDeadline(ctx context.Context, s *suite) error {
	if _, err := s.askFresh(ctx); err != nil {
		return err
	}
	s.proxy.set(holdResponses, false)
	return requireEnded(s.askBriefly(ctx), context.DeadlineExceeded)
}

// askBriefly asks with a [deadline].
func (s *suite) askBriefly(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	_, err := s.askFresh(ctx)
	return err
}

// survives wants a transient error from a line with a fault.
func survives(f fault, hangUp bool) func(context.Context, *suite) error {
	return func(ctx context.Context, s *suite) error {
		if _, err := s.askFresh(ctx); err != nil {
			return err
		}
		s.proxy.set(f, hangUp)
		return requireTransient(s.askBriefly(ctx))
	}
}

// attempts is how many requests may fail after a fault: a backend may find out only
// by them that its connections are dead.
const attempts = 4

func recovers(ctx context.Context, s *suite) error {
	s.proxy.set(cutResponses, true)
	if err := requireTransient(s.askBriefly(ctx)); err != nil {
		return err
	}
	s.proxy.set(noFault, true)
	var err error
	for range attempts {
		if _, err = s.askFresh(ctx); err == nil {
			return nil
		}
	}
	return fmt.Errorf("after %d attempts: %w", attempts, err)
}

func bearsFlapping(ctx context.Context, s *suite) error {
	worked := 0
	for range attempts {
		s.proxy.set(refuseEveryOther, true)
		for range 2 {
			_, err := s.askFresh(ctx)
			if err == nil {
				worked++
			} else if err := requireTransient(err); err != nil {
				return err
			}
		}
	}
	if worked == 0 {
		return fmt.Errorf("none of %d requests worked", 2*attempts)
	}
	return nil
}

func saysDown(ctx context.Context, s *suite) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	s.proxy.set(down, true)
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	if err := s.check(ctx); err != nil {
		return forgiven(err)
	}
	return errors.New("it says that it is healthy")
}

func endsCheck(ctx context.Context, s *suite) error {
	s.proxy.set(holdResponses, true)
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	if err := s.check(ctx); err != nil {
		return forgiven(err)
	}
	return errors.New("it says that it is healthy")
}
