package main

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/term"
)

// newPrompt asks a person for a passphrase; nil where there is nobody to ask. The terminal
// itself is used, since stdin, stdout and stderr may lead elsewhere: what is to be signed may
// come through a pipe.
func newPrompt(stdin *os.File) func(ctx context.Context, text string) ([]byte, error) {
	if !term.IsTerminal(int(stdin.Fd())) && (!brings(stdin) || !hasTerminal()) {
		return nil
	}
	return func(ctx context.Context, text string) ([]byte, error) {
		tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
		if err != nil {
			return nil, fmt.Errorf("ask for the passphrase: %w", err)
		}
		defer tty.Close()
		fmt.Fprint(tty, text)
		defer fmt.Fprintln(tty)
		return readHidden(ctx, tty)
	}
}

// brings reports whether stdin is there to be read, and not what a job without a person has.
func brings(stdin *os.File) bool {
	info, err := stdin.Stat()
	return err == nil && (info.Mode().IsRegular() || info.Mode()&os.ModeNamedPipe != 0)
}

func hasTerminal() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	return tty.Close() == nil
}

// readHidden reads a line without showing it, and leaves the terminal as it was, also
// when the context ends.
func readHidden(ctx context.Context, tty *os.File) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	fd := int(tty.Fd())
	state, err := term.GetState(fd)
	if err != nil {
		return nil, fmt.Errorf("ask for the passphrase: %w", err)
	}
	type answer struct {
		line []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := term.ReadPassword(fd)
		answers <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		_ = term.Restore(fd, state)
		return nil, ctx.Err()
	case a := <-answers:
		if a.err != nil {
			return nil, fmt.Errorf("ask for the passphrase: %w", a.err)
		}
		return a.line, nil
	}
}
