package main

import (
	"bytes"
	"context"
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
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"trustgen": main, "mkca": runMkca})
}

// TestScripts runs every command as people do: the program that they have, since to derive
// a key from a passphrase takes the race detector a second or two.
func TestScripts(t *testing.T) {
	t.Parallel()
	program := filepath.Dir(buildBinary(t))
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", program+string(filepath.ListSeparator)+env.Getenv("PATH"))
			env.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector's, at the end of each mkca
			return nil
		},
	})
}

// buildBinary makes the program that people run.
func buildBinary(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "trustgen")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// console runs commands without a process: with a clock and without a terminal.
type console struct {
	streams
	out, err bytes.Buffer
}

func newConsole(in string) *console {
	s := &console{}
	s.streams = streams{In: strings.NewReader(in), Out: &s.out, Err: &s.err, Now: catest.Now}
	return s
}

func (s *console) run(t *testing.T, args ...string) int {
	t.Helper()
	s.out.Reset()
	s.err.Reset()
	return run(t.Context(), s.streams, args)
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

func TestInterruptedCommandsChangeNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/trust"
	s := newConsole("")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	code := run(ctx, s.streams, []string{"intermediate", "--cluster", "east", "--dir", dir})
	s.want(t, code, exitInterrupted, "trustgen: error: interrupted, nothing was changed\n")
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("%s is there: %v", dir, err)
	}
}

func TestInspectStopsWaitingForStdin(t *testing.T) {
	t.Parallel()
	s := newConsole("")
	stdin, other := io.Pipe()
	defer other.Close()
	s.In = stdin
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.want(t, run(ctx, s.streams, []string{"inspect", "-"}), exitInterrupted, "trustgen: error: interrupted, nothing was changed\n")
}

func TestMessagesAreColoredOnATerminalOnly(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		terminal, noColor bool
		want              string
	}{
		"on a terminal":                {true, false, "trustgen: \x1b[1;31merror: \x1b[0munknown command \"x\"\ntrustgen: \x1b[36mhint: \x1b[0m'trustgen --help' shows how it is used\n"},
		"on a terminal, with NO_COLOR": {true, true, "trustgen: error: unknown command \"x\"\ntrustgen: hint: 'trustgen --help' shows how it is used\n"},
		"elsewhere":                    {false, false, "trustgen: error: unknown command \"x\"\ntrustgen: hint: 'trustgen --help' shows how it is used\n"},
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

func TestASecretIsNotPrintedToATerminalUnlessAsked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/trust"
	s := newConsole("")
	s.OutTerminal = true
	if code := s.run(t, "intermediate", "-q", "--cluster", "east", "--dir", dir); code != exitFine {
		t.Fatalf("exit code %d: %s", code, s.err.String())
	}
	code := s.run(t, "secret", "--cluster", "east", "--dir", dir)
	s.want(t, code, exitUsage, "trustgen: error: the Secret holds a key, and stdout is a terminal: pipe it, or name a file with --out\n"+
		"trustgen: hint: 'trustgen secret --help' shows how it is used\n")
	if s.out.Len() > 0 {
		t.Errorf("stdout is not empty: %s", s.out.String())
	}
	if code := s.run(t, "secret", "--cluster", "east", "--dir", dir, "--out", "-"); code != exitFine || !strings.Contains(s.out.String(), "ca-key.pem:") {
		t.Errorf("with --out -: exit code %d, stdout %q", code, s.out.String())
	}
}

func TestInspectReadsStdin(t *testing.T) {
	t.Parallel()
	root := catest.New(t).Root.Certificate()
	s := newConsole(string(root.Raw))
	if code := s.run(t, "inspect", "-"); code != exitFine || !strings.HasPrefix(s.out.String(), "stdin: certificate\n") {
		t.Errorf("exit code %d, %s%s", code, s.out.String(), s.err.String())
	}
	s.In = strings.NewReader("junk")
	s.want(t, s.run(t, "inspect", "-"), exitFailed, "trustgen: error: stdin: is neither PEM nor DER, nor a Secret or ConfigMap in YAML or JSON\n")
	s.In = io.MultiReader(strings.NewReader(strings.Repeat("x", maxInput)), strings.NewReader("x"))
	s.want(t, s.run(t, "inspect", "-"), exitCouldNot, "trustgen: error: stdin: is larger than 4194304 bytes\n")
}

func TestProgressIsShownAfterASecond(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		terminal, quiet bool
		want            string
	}{
		"on a terminal":        {true, false, "\rtrustgen: 2 of 9 clusters\x1b[K\rtrustgen: 4 of 9 clusters\x1b[K\r\x1b[K"},
		"elsewhere":            {false, false, "trustgen: 2 of 9 clusters\n"},
		"when it is not asked": {true, true, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newConsole("")
			now := catest.Now()
			s.Now = func() time.Time { return now }
			s.ErrTerminal = test.terminal
			p := newProgress(&terminal{streams: s.streams, quiet: test.quiet}, 9, "clusters")
			for done, d := range []time.Duration{999, 1, 50, 50} {
				now = now.Add(d * time.Millisecond)
				p.report(done + 1)
			}
			p.end()
			if diff := cmp.Diff(test.want, s.err.String()); diff != "" {
				t.Errorf("stderr (-want +got):\n%s", diff)
			}
		})
	}
}

func TestListSaysHowItStands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/trust"
	s := newConsole("")
	if code := s.run(t, "intermediate", "-q", "--cluster", "east", "--dir", dir); code != exitFine {
		t.Fatalf("exit code %d: %s", code, s.err.String())
	}
	for want, days := range map[string]int{"valid": 0, "renew-due": 300, "expired": 366} {
		s.Now = catest.After(time.Duration(days) * day)
		if code := s.run(t, "list", "--dir", dir); code != exitFine {
			t.Fatalf("exit code %d: %s", code, s.err.String())
		}
		lines := strings.Split(s.out.String(), "\n")
		if fields := strings.Fields(lines[2]); fields[0] != "east" || fields[len(fields)-1] != want {
			t.Errorf("after %d days: got %q, want %s", days, lines[2], want)
		}
	}
}

func TestNamesInCertificatesDoNotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	if got, want := printable("east\x1b[31m\n"), "east\ufffd[31m\ufffd"; got != want {
		t.Errorf("printable gives %q, want %q", got, want)
	}
}
