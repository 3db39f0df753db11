package process

import (
	"context"
	"fmt"
	"time"
)

// probeInterval is little beside the second or so that a server needs.
const probeInterval = 20 * time.Millisecond

// probeTimeout ends a probe that hangs, so that the next one can succeed.
const probeTimeout = 5 * time.Second

// Ready polls probe until it returns nil, and notes how long that took since
// the start. It fails when ctx is done, with what the probe said last, and as
// soon as the process ends. A good probe knows its server from another one at
// the same port, by its certificate for example.
func (p *Process) Ready(ctx context.Context, probe func(context.Context) error) error {
	ticker := time.NewTicker(probeInterval)
	defer ticker.Stop()
	for {
		err := p.try(ctx, probe)
		// Whoever took the port instead may have answered.
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

// try gives probe up when the process ends: nobody would answer it.
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
