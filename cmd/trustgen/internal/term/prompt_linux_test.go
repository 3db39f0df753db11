package term

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/term/termtest"
)

func echoes(t *testing.T, tty *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// hidden asks, and returns once the terminal does not show any more what is typed.
func hidden(t *testing.T, ctx context.Context, tty *os.File) <-chan error { //nolint:revive // a test comes first
	t.Helper()
	done := make(chan error, 1)
	go func() {
		line, err := readHidden(ctx, tty)
		if err == nil && string(line) != "correct horse" {
			err = fmt.Errorf("read %q", line)
		}
		done <- err
	}()
	for echoes(t, tty) {
		runtime.Gosched()
	}
	return done
}

func TestReadHidden_DoesNotEcho(t *testing.T) {
	t.Parallel()
	person, tty := termtest.New(t)
	done := hidden(t, t.Context(), tty)
	fmt.Fprint(person, "correct horse\n")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if !echoes(t, tty) {
		t.Error("the terminal still hides what is typed")
	}
	fmt.Fprintln(tty, "end")
	if line, err := bufio.NewReader(person).ReadString('\n'); err != nil || line != "\r\n" && line != "end\r\n" {
		t.Errorf("the terminal shows %q, %v", line, err)
	}
}

func TestReadHidden_RestoresTheTerminalWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	person, tty := termtest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := hidden(t, ctx, tty)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v, want that it was canceled", err)
	}
	if !echoes(t, tty) {
		t.Error("the terminal still hides what is typed")
	}
	// The read that is left ends with a line, and restores the terminal once more: not before
	// that may the descriptor be another test's.
	hide(t, tty)
	fmt.Fprintln(person)
	for !echoes(t, tty) {
		runtime.Gosched()
	}
}

// hide lets the terminal not show what is typed.
func hide(t *testing.T, tty *os.File) {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	state.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(int(tty.Fd()), unix.TCSETS, state); err != nil {
		t.Fatal(err)
	}
}

func TestNewPrompt_NeedsATerminal(t *testing.T) {
	t.Parallel()
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if newPrompt(file) != nil {
		t.Error("there is a prompt")
	}
	_, tty := termtest.New(t)
	if newPrompt(tty) == nil {
		t.Error("there is no prompt on a terminal")
	}
}
