package process

import (
	"context"
	"fmt"
	"time"
)

// probeInterval is short compared to the second that a server needs.
const probeInterval = 20 * time.Millisecond

// probeTimeout ends a probe that hangs, so that the next one can succeed.
const probeTimeout = 5 * time.Second

// Ready polls probe until it returns nil, and records the time since the start. It fails with
// the last error of the probe when ctx is done, and as soon as the process ends. A good probe
// distinguishes its server from another one on the same port, for example by its certificate.
func (p *Process) Ready(ctx context.Context, probe func(context.Context) error) error {
	ticker := time.NewTicker(probeInterval)
	defer ticker.Stop()
	for {
		err := p.try(ctx, probe)
		// Another process with this port may have responded.
		if p.hasExited() {
			p.explained.Store(true)
			return fmt.Errorf("%s (pid %d) ended before it was ready: %v", p.spec.Name, p.PID(), p.state)
		}
		if err == nil {
			p.ready.CompareAndSwap(0, int64(time.Since(p.started)))
			return nil
		}
		select {
		case <-p.exited:
		case <-ticker.C:
		case <-ctx.Done():
			return fmt.Errorf("%s (pid %d) was not ready %s after its start: %w",
				p.spec.Name, p.PID(), time.Since(p.started).Round(time.Millisecond), err)
		}
	}
}

// try cancels probe when the process ends.
func (p *Process) try(ctx context.Context, probe func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	go func() {
		select {
		case <-p.exited:
			cancel()
		case <-ctx.Done():
		}
	}()
	return probe(ctx)
}
