package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
)

// TestMain puts the programs of the tests into PATH: trustgen as people have it, without the race
// detector, which takes seconds to derive a key from a passphrase.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "trustgen")
	if err != nil {
		panic(err)
	}
	build := exec.Command("go", "build", "-ldflags=-w", "-o", dir, ".", "./internal/mkca")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	err = errors.Join(build.Run(), os.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH")))
	code := 1
	if err == nil {
		code = m.Run()
	}
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// TestScripts runs every command as people do.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true})
}

// console runs commands without a process: with a clock and without a terminal.
type console struct {
	term.Streams
	out, err bytes.Buffer
}

func newConsole(in string) *console {
	s := &console{}
	s.Streams = term.Streams{In: strings.NewReader(in), Out: &s.out, Err: &s.err, Now: catest.Now}
	return s
}

func (s *console) run(t *testing.T, args ...string) int {
	t.Helper()
	s.out.Reset()
	s.err.Reset()
	return run(t.Context(), s.Streams, args)
}

func (s *console) want(t *testing.T, code, wantCode int, stderr string) {
	t.Helper()
	if code != wantCode {
		t.Errorf("exit code %d, want %d", code, wantCode)
	}
	if diff := cmp.Diff(stderr, s.err.String()); diff != "" {
		t.Errorf("stderr (-want +got):\n%s", diff)
	}
}

func TestRun_InterruptedChangesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/trust"
	s := newConsole("")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	code := run(ctx, s.Streams, []string{"intermediate", "--cluster", "east", "--dir", dir})
	s.want(t, code, exitInterrupted, "trustgen: error: interrupted, nothing was changed\n")
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is there: %v", dir, err)
	}
}

func TestInspect_InterruptedWhileItReadsStdin(t *testing.T) {
	t.Parallel()
	s := newConsole("")
	stdin, other := io.Pipe()
	defer other.Close()
	s.In = stdin
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.want(t, run(ctx, s.Streams, []string{"inspect", "-"}), exitInterrupted, "trustgen: error: interrupted, nothing was changed\n")
}

func TestRun_ColorsMessagesOnATerminalOnly(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		terminal, noColor bool
		want              string
	}{
		"on a terminal":                {true, false, "trustgen: \x1b[1;31merror: \x1b[0munknown command \"x\"\ntrustgen: \x1b[36mhint: \x1b[0msee 'trustgen --help'\n"},
		"on a terminal, with NO_COLOR": {true, true, "trustgen: error: unknown command \"x\"\ntrustgen: hint: see 'trustgen --help'\n"},
		"elsewhere":                    {false, false, "trustgen: error: unknown command \"x\"\ntrustgen: hint: see 'trustgen --help'\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newConsole("")
			s.ErrTerminal, s.NoColor = test.terminal, test.noColor
			s.want(t, s.run(t, "x"), exitUsage, test.want)
		})
	}
}

func TestSecret_IsPrintedToATerminalOnRequestOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/trust"
	s := newConsole("")
	s.OutTerminal = true
	if code := s.run(t, "intermediate", "-q", "--cluster", "east", "--dir", dir); code != exitOK {
		t.Fatalf("exit code %d: %s", code, s.err.String())
	}
	code := s.run(t, "secret", "--cluster", "east", "--dir", dir)
	s.want(t, code, exitUsage, "trustgen: error: the Secret has a key, and stdout is a terminal: use a pipe, or --out with a file\n"+
		"trustgen: hint: see 'trustgen secret --help'\n")
	if s.out.Len() > 0 {
		t.Errorf("stdout is not empty: %s", s.out.String())
	}
	if code := s.run(t, "secret", "--cluster", "east", "--dir", dir, "--out", "-"); code != exitOK || !strings.Contains(s.out.String(), "ca-key.pem:") {
		t.Errorf("with --out -: exit code %d, stdout %q", code, s.out.String())
	}
}

func TestInspect_ReadsStdin(t *testing.T) {
	t.Parallel()
	root := catest.New(t).Root.Certificate()
	s := newConsole(string(root.Raw))
	if code := s.run(t, "inspect", "-"); code != exitOK || !strings.HasPrefix(s.out.String(), "stdin: certificate\n") {
		t.Errorf("exit code %d, %s%s", code, s.out.String(), s.err.String())
	}
	s.In = strings.NewReader("junk")
	s.want(t, s.run(t, "inspect", "-"), exitFailed, "trustgen: error: stdin: is neither PEM nor DER, nor a Secret or ConfigMap in YAML or JSON\n")
	s.In = io.MultiReader(strings.NewReader(strings.Repeat("x", term.MaxInput)), strings.NewReader("x"))
	s.want(t, s.run(t, "inspect", "-"), exitNoResult, "trustgen: error: stdin: is larger than 4194304 bytes\n")
}

func TestList_StateByTime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/trust"
	s := newConsole("")
	if code := s.run(t, "intermediate", "-q", "--cluster", "east", "--dir", dir); code != exitOK {
		t.Fatalf("exit code %d: %s", code, s.err.String())
	}
	for want, days := range map[string]int{"valid": 0, "renew-due": 300, "expired": 366} {
		s.Now = catest.After(time.Duration(days) * flags.Day)
		if code := s.run(t, "list", "--dir", dir); code != exitOK {
			t.Fatalf("exit code %d: %s", code, s.err.String())
		}
		lines := strings.Split(s.out.String(), "\n")
		if fields := strings.Fields(lines[2]); fields[0] != "east" || fields[len(fields)-1] != want {
			t.Errorf("after %d days: got %q, want %s", days, lines[2], want)
		}
	}
}
