package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/leftover"
)

// testbed is a running `make testbed` in its own process group, like a command in a terminal.
type testbed struct {
	make  *exec.Cmd
	lines *bufio.Reader // what it prints, also to stderr
	tmp   string        // its directory for temporary files
	home  string        // home directory of the commands, with the cache of kubectl
	enter string        // the first command of the guide, which enters the directory of the others
}

// startTestbed starts `make testbed` in a mode. If the test is killed, the kernel sends SIGTERM
// to make, which forwards it.
func startTestbed(t *testing.T, mode string) *testbed {
	t.Helper()
	runtime.LockOSThread() // the end of the thread would count as that of the parent
	t.Cleanup(runtime.UnlockOSThread)

	b := &testbed{tmp: t.TempDir(), home: t.TempDir()}
	b.make = exec.CommandContext(t.Context(), "make", "--no-print-directory", "testbed", "MODE="+mode)
	b.make.Dir = "../../.."
	b.make.Env = append(os.Environ(), "TMPDIR="+b.tmp)
	b.make.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	b.make.Cancel = func() error { return b.signal(syscall.SIGTERM) }
	stdout, err := b.make.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	b.make.Stderr = b.make.Stdout
	b.lines = bufio.NewReader(stdout)
	if err := b.make.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if b.make.ProcessState == nil { // the test has failed
			_, _ = io.Copy(io.Discard, b.lines)
			_ = b.make.Wait()
		}
	})
	return b
}

// signal sends a signal to make and its children, as a terminal does.
func (b *testbed) signal(signal syscall.Signal) error {
	return syscall.Kill(-b.make.Process.Pid, signal)
}

// readGuide reads the guide that the test-bed prints, and returns its commands, which are
// indented by four blanks.
func (b *testbed) readGuide(t *testing.T) []string {
	t.Helper()
	var said strings.Builder
	var commands []string
	for {
		line, err := b.lines.ReadString('\n')
		said.WriteString(line)
		if err != nil {
			t.Fatalf("make testbed ended early: %v\n%s", err, &said)
		}
		if command, ok := strings.CutPrefix(line, "    "); ok {
			commands = append(commands, strings.TrimSpace(command))
		}
		if strings.HasPrefix(line, "Ctrl-C") {
			t.Log(&said)
			b.enter = commands[0]
			return commands[1:]
		}
	}
}

// try runs a command of the guide and returns what it prints.
func (b *testbed) try(t *testing.T, command string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-o", "pipefail", "-euc", b.enter+"\n"+command)
	cmd.Env = append(os.Environ(), "HOME="+b.home)
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, said)
	}
	return string(said)
}

// patience is longer than the servers need to end, and shorter than the time after which they
// are killed.
const patience = 9 * time.Second

// pressCtrlC interrupts the test-bed, and asserts that it ends without an error.
func (b *testbed) pressCtrlC(t *testing.T) {
	t.Helper()
	pressed := time.Now()
	if err := b.signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(b.lines)
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(pressed); took > patience {
		t.Errorf("the test-bed ended %s after Ctrl-C, want at most %s", took, patience)
	}
	if err := b.make.Wait(); err != nil && !interrupted(b.make.ProcessState) {
		t.Errorf("make testbed: %v", err)
	}
	// make would report an exit code.
	if want := "Everything is stopped and removed.\n"; !strings.HasSuffix(string(said), want) || strings.Contains(string(said), "rror") {
		t.Errorf("after Ctrl-C make testbed prints %q, want %q", said, want)
	}
}

// interrupted reports whether the process ended by SIGINT, as make does after its command.
func interrupted(state *os.ProcessState) bool {
	status := state.Sys().(syscall.WaitStatus)
	return status.Signaled() && status.Signal() == syscall.SIGINT
}

// assertGone asserts that no process and no file remains.
func (b *testbed) assertGone(t *testing.T) {
	t.Helper()
	if left := leftover.Processes(t, b.tmp); len(left) > 0 {
		t.Errorf("still running: %v", left)
	}
	entries, err := os.ReadDir(b.tmp)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		t.Errorf("%s remains", entry.Name())
	}
}
