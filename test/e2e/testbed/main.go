// Command testbed starts two clusters below one root, created by trustgen, and prints commands
// to try. Ctrl-C stops it.
//
// Its argument is the mode: plugin, the default, in which each istiod has a CA, or ra, in which
// no istiod has one and the controllers of trustgen sign.
//
// `make testbed` runs it, with the environment of the end-to-end tests.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
)

func main() {
	name := strings.Join(os.Args[1:], " ")
	mode, ok := modes()[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "testbed: error: the mode %q is neither plugin nor ra\n", name)
		os.Exit(2)
	}
	if isGuarded() {
		if !perform(untilGuardEnds(context.Background()), mode.run) {
			os.Exit(1)
		}
		fmt.Println("Everything is stopped and removed.")
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait for the end
	code, err := guard(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testbed: error:", err)
	}
	os.Exit(code)
}

// interval is how often the simulated kubelet and the workloads refresh, short enough for a
// person to watch.
const interval = 2 * time.Second

// run starts the mesh, prints the guide, and refreshes the mesh until t is interrupted.
func (mode mode) run(t testing.TB) {
	m := startMesh(t, mode)
	if err := m.guide(os.Stdout, mode); err != nil {
		t.Fatal(err)
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-t.Context().Done():
			return
		case <-ticker.C:
			m.refresh(t)
		}
	}
}
