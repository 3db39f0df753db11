package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

// errNotConfirmed says that a person said no.
var errNotConfirmed = errors.New("not confirmed, nothing was changed")

// newAsk puts a question to a person; nil where stdin is not a terminal, and there is
// nobody to ask.
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

// readLine reads an answer, which may keep it waiting until the context ends.
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

// confirm shows something line by line, and wants a yes.
func (t *terminal) confirm(ctx context.Context, question string, lines [][2]string) error {
	var text strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&text, "  %-12s %s\n", line[0], printable(line[1]))
	}
	answer, err := t.Ask(ctx, text.String()+question+" [y/N] ")
	if err != nil {
		return err
	}
	if answer = strings.ToLower(answer); answer != "y" && answer != "yes" {
		return errNotConfirmed
	}
	return nil
}
