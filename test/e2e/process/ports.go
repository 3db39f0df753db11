package process

import (
	"context"
	"net"
	"strings"
	"syscall"
	"testing"
)

// portAttempts is how often a server may lose the race for a port that was free when it was
// chosen.
const portAttempts = 5

// StartReady starts a server and returns when probe succeeds: see Ready. If another process has
// taken a port, it calls spec again for other ports. On an error the process has ended.
func StartReady(ctx context.Context, t testing.TB, spec func() Spec, probe func(context.Context) error) (*Process, error) {
	t.Helper()
	for attempt := 1; ; attempt++ {
		p := Start(t, spec())
		err := p.Ready(ctx, probe)
		if err == nil {
			return p, nil
		}
		if attempt == portAttempts || !p.PortTaken() {
			p.Stop()
			return p, err
		}
	}
}

// FreePort returns a TCP port of 127.0.0.1 that is free. Another process may take it before the
// server does: see StartReady.
func FreePort(t testing.TB) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// PortTaken reports whether the process ended because another process listens on its port.
func (p *Process) PortTaken() bool {
	return p.hasExited() && strings.Contains(p.Log(), syscall.EADDRINUSE.Error())
}
