package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
)

func TestAQuestionIsAnsweredByALine(t *testing.T) {
	t.Parallel()
	person, tty := newTerminal(t)
	fmt.Fprint(person, " Yes \nno\n")
	if line, err := readLine(t.Context(), tty); err != nil || line != "Yes" {
		t.Errorf("read %q, %v", line, err)
	}
	if line, err := readLine(t.Context(), tty); err != nil || line != "no" {
		t.Errorf("the next line is %q, %v", line, err)
	}
}

func TestAnInterruptedQuestionIsNoAnswer(t *testing.T) {
	t.Parallel()
	person, tty := newTerminal(t)
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

func TestWithoutATerminalNoQuestionIsAsked(t *testing.T) {
	t.Parallel()
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if newAsk(file) != nil {
		t.Error("there is somebody to ask")
	}
	_, tty := newTerminal(t)
	if newAsk(tty) == nil {
		t.Error("there is nobody to ask on a terminal")
	}
}

func TestOnlyAYesConfirms(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]error{"y": nil, "Y": nil, "yes": nil, "YES": nil, "": errNotConfirmed, "n": errNotConfirmed, "no": errNotConfirmed, "yep": errNotConfirmed} {
		s := newConsole("")
		var asked string
		s.Ask = func(_ context.Context, question string) (string, error) {
			asked = question
			return answer, nil
		}
		err := (&terminal{streams: s.streams}).confirm(t.Context(), "Sure?", [][2]string{{"name", "east\x1b[31m"}})
		if !errors.Is(err, want) {
			t.Errorf("%q: got the error %v, want %v", answer, err, want)
		}
		if asked != "  name         east\ufffd[31m\nSure? [y/N] " {
			t.Errorf("asked was %q", asked)
		}
	}
}
