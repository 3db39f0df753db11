package term

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/term/termtest"
)

func TestReadLine(t *testing.T) {
	t.Parallel()
	person, tty := termtest.New(t)
	fmt.Fprint(person, " Yes \nno\n")
	if line, err := readLine(t.Context(), tty); err != nil || line != "Yes" {
		t.Errorf("read %q, %v", line, err)
	}
	if line, err := readLine(t.Context(), tty); err != nil || line != "no" {
		t.Errorf("the next line is %q, %v", line, err)
	}
}

func TestReadLine_EndsWithItsContext(t *testing.T) {
	t.Parallel()
	person, tty := termtest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := readLine(ctx, tty)
		done <- err
	}()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v, want that it was canceled", err)
	}
	fmt.Fprintln(person) // ends the read that is left
}

func TestNewAsk_NeedsATerminal(t *testing.T) {
	t.Parallel()
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if newAsk(file) != nil {
		t.Error("questions without a terminal")
	}
	_, tty := termtest.New(t)
	if newAsk(tty) == nil {
		t.Error("no questions on a terminal")
	}
}

func TestConfirm_RequiresYes(t *testing.T) {
	t.Parallel()
	tests := map[string]error{"y": nil, "Y": nil, "yes": nil, "YES": nil, "": ErrNotConfirmed, "n": ErrNotConfirmed, "no": ErrNotConfirmed, "yep": ErrNotConfirmed}
	for answer, want := range tests {
		var asked string
		terminal := &Terminal{Streams: Streams{Ask: func(_ context.Context, question string) (string, error) {
			asked = question
			return answer, nil
		}}}
		err := terminal.Confirm(t.Context(), "Sure?", [][2]string{{"name", "east\x1b[31m"}})
		if !errors.Is(err, want) {
			t.Errorf("%q: got the error %v, want %v", answer, err, want)
		}
		if asked != "  name         east\ufffd[31m\nSure? [y/N] " {
			t.Errorf("asked was %q", asked)
		}
	}
}
