package term

import (
	"context"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// Streams connect a command to its surroundings. Out carries the result only.
type Streams struct {
	In                                   io.Reader
	Out, Err                             io.Writer
	InTerminal, OutTerminal, ErrTerminal bool
	NoColor                              bool
	// Prompt asks for a passphrase, nil without a terminal.
	Prompt func(ctx context.Context, text string) ([]byte, error)
	// Ask asks a question, nil unless stdin is a terminal.
	Ask func(ctx context.Context, question string) (string, error)
	Now func() time.Time
}

// Process are the streams of the process.
func Process() Streams {
	return Streams{
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
	}
}
