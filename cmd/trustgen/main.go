// Command trustgen sets up and maintains a shared certificate trust across Istio clusters: a root,
// and an intermediate CA for each cluster.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, term.Process(), os.Args[1:])
	stop()
	os.Exit(code)
}
