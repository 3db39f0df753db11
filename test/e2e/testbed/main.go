// Command testbed starts two clusters on one root, made by trustgen, and says what
// to try with them. Ctrl-C stops it.
//
// Its argument is how they are on that root: plugin, the default, where each istiod
// has a CA, or ra, where no istiod has one and trustgen's controllers sign.
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

// interval is how often a kubelet and the workloads look for news here: often
// enough to be watched.
const interval = 2 * time.Second

// run starts the mesh, says what to try, and keeps the mesh alive until t is
// interrupted.
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
