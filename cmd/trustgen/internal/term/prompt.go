package term

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/term"
)

// newPrompt asks for a passphrase; nil without a terminal. It uses the terminal of the process,
// since stdin may be a pipe with the request to sign.
func newPrompt(stdin *os.File) func(ctx context.Context, text string) ([]byte, error) {
	if !term.IsTerminal(int(stdin.Fd())) && (!isInput(stdin) || !hasTerminal()) {
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

// isInput reports whether stdin is a file or a pipe: a job without a person has neither.
func isInput(stdin *os.File) bool {
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

// readHidden reads a line without showing it. It restores the terminal, also when the context
// ends.
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
