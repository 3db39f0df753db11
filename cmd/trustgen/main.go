// Command trustgen gives the clusters of an Istio mesh one trust: a root, and an
// intermediate CA for each cluster.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, streams{
		In:          os.Stdin,
		Out:         os.Stdout,
		Err:         os.Stderr,
		InTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		NoColor:     os.Getenv("NO_COLOR") != "",
		Prompt:      newPrompt(os.Stdin),
		Ask:         newAsk(os.Stdin),
		Now:         time.Now,
	}, os.Args[1:])
	stop()
	os.Exit(code)
}

// streams are what a command talks to. Out carries the result only.
type streams struct {
	In                                   io.Reader
	Out, Err                             io.Writer
	InTerminal, OutTerminal, ErrTerminal bool
	NoColor                              bool
	// Prompt asks a person for a passphrase, nil where there is nobody to ask.
	Prompt func(ctx context.Context, text string) ([]byte, error)
	// Ask puts a question to a person, nil where there is nobody to ask.
	Ask func(ctx context.Context, question string) (string, error)
	Now func() time.Time
}
