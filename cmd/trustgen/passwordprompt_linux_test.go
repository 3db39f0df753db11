package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
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

// TestAPassphraseIsAskedForWhereStdinIsAPipe signs a request that comes through one, with a
// person at the terminal.
func TestAPassphraseIsAskedForWhereStdinIsAPipe(t *testing.T) {
	t.Parallel()
	binary, dir := buildBinary(t), t.TempDir()
	passphrase := filepath.Join(dir, "passphrase")
	if err := os.WriteFile(passphrase, []byte("correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	trust := filepath.Join(dir, "trust")
	s := newConsole("")
	if code := s.run(t, "init", "-q", "--dir", trust, "--password-file", passphrase, "--not-after", "36500d"); code != exitFine {
		t.Fatal(s.err.String())
	}
	if code := s.run(t, "request", "-q", "--dir", filepath.Join(dir, "beside"), "--cluster", "east"); code != exitFine {
		t.Fatal(s.err.String())
	}
	person, tty := newTerminal(t)
	var out, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), binary, "sign", "-q", "-", "--dir", trust, "--cluster", "east", "--yes")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(s.out.String()), &out, &stderr
	cmd.ExtraFiles = []*os.File{tty}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 3}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if asked, err := bufio.NewReader(person).ReadString(':'); err != nil || asked != "Passphrase of "+filepath.Join(trust, "root-key.pem")+":" {
		t.Errorf("was asked %q, %v", asked, err)
	}
	fmt.Fprint(person, "correct horse\n")
	if err := cmd.Wait(); err != nil || !strings.HasPrefix(out.String(), "-----BEGIN CERTIFICATE-----") {
		t.Errorf("sign: %v, %s, stdout %q", err, stderr.String(), out.String())
	}
}
