// Command testbed starts two clusters whose istiods have CAs of one root, made
// by trustgen, and says what to try with them. Ctrl-C stops it.
//
// `make testbed` runs it, with the environment of the end-to-end tests.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

func main() {
	if isGuarded() {
		if !perform(untilGuardEnds(context.Background()), run) {
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
func run(t testing.TB) {
	m := startMesh(t)
	if err := m.guide(os.Stdout); err != nil {
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
