package term

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

// ErrNotConfirmed is the answer no.
var ErrNotConfirmed = errors.New("not confirmed, nothing was changed")

// newAsk asks questions on the terminal; nil unless stdin is one.
func newAsk(stdin *os.File) func(ctx context.Context, question string) (string, error) {
	if !term.IsTerminal(int(stdin.Fd())) {
		return nil
	}
	return func(ctx context.Context, question string) (string, error) {
		tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
		if err != nil {
			return "", fmt.Errorf("ask for a confirmation: %w", err)
		}
		defer tty.Close()
		fmt.Fprint(tty, question)
		return readLine(ctx, tty)
	}
}

// readLine reads an answer. It ends with the context.
func readLine(ctx context.Context, tty *os.File) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(tty).ReadString('\n')
		answers <- answer{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case a := <-answers:
		if a.err != nil {
			return "", fmt.Errorf("ask for a confirmation: %w", a.err)
		}
		return strings.TrimSpace(a.line), nil
	}
}

// Confirm shows lines of a name and a value, and requires a yes. The error is [ErrNotConfirmed].
func (t *Terminal) Confirm(ctx context.Context, question string, lines [][2]string) error {
	var text strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&text, "  %-12s %s\n", line[0], Printable(line[1]))
	}
	answer, err := t.Ask(ctx, text.String()+question+" [y/N] ")
	if err != nil {
		return err
	}
	if answer = strings.ToLower(answer); answer != "y" && answer != "yes" {
		return ErrNotConfirmed
	}
	return nil
}
