package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// newTerminal is a terminal, and the side on which a person sits.
func newTerminal(t *testing.T) (person, tty *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	return person, tty
}

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

func TestAPassphraseIsNotShown(t *testing.T) {
	t.Parallel()
	person, tty := newTerminal(t)
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

func TestAnInterruptedPromptLeavesTheTerminalAsItWas(t *testing.T) {
	t.Parallel()
	person, tty := newTerminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := hidden(t, ctx, tty)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v, want that it was canceled", err)
	}
	if !echoes(t, tty) {
		t.Error("the terminal still hides what is typed")
	}
	fmt.Fprintln(person) // ends the read that is left
}

func TestWithoutATerminalNobodyIsAsked(t *testing.T) {
	t.Parallel()
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if newPrompt(file) != nil {
		t.Error("there is a prompt")
	}
	_, tty := newTerminal(t)
	if newPrompt(tty) == nil {
		t.Error("there is no prompt on a terminal")
	}
}
