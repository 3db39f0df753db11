//go:build unix

package store

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

const childEnv = "TRUSTGEN_TEST_CHILD"

// isChild reports whether this process was started by child, to run one test.
func isChild(t *testing.T) bool { return os.Getenv(childEnv) == t.Name() }

// child is the same test in a process of its own, where [isChild] holds.
func child(t *testing.T, attr *syscall.SysProcAttr) *exec.Cmd {
	t.Helper()
	self := "/proc/self/exe" // which another user may run, wherever it lies
	if runtime.GOOS != "linux" {
		var err error
		if self, err = os.Executable(); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$", "-test.count=1", "-test.v")
	// The race detector would make each process wait a second at its end.
	cmd.Env = append(os.Environ(), childEnv+"="+t.Name(), "GORACE=atexit_sleep_ms=0")
	cmd.SysProcAttr = attr
	return cmd
}

// runChild fails the test unless it passes in a process of its own.
func runChild(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("in its own process: %v\n%s", err, out)
	}
}

// runUnprivileged is runChild as a user whom permissions hold back.
func runUnprivileged(t *testing.T) {
	t.Helper()
	const nobody = 65534
	cmd := child(t, nil)
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
		cmd.Dir = "/"
		cmd.Env = append(cmd.Env, "TMPDIR=/tmp")
	}
	runChild(t, cmd)
}

// holding is what a process prints that has the lock.
const holding = "holding the lock"

// startHolder starts a process that stages a change of a directory, and then keeps
// the lock until its stdin ends.
func startHolder(t *testing.T, dir string) (holder *exec.Cmd, release func()) {
	t.Helper()
	cmd := child(t, nil)
	cmd.Env = append(cmd.Env, "TRUSTGEN_TEST_DIR="+dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == holding {
			break
		}
	}
	release = func() {
		in.Close()
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
	}
	t.Cleanup(release)
	return cmd, release
}

// holdInChild is what the process of startHolder does.
func holdInChild(t *testing.T) {
	s, err := Open(t.Context(), os.Getenv("TRUSTGEN_TEST_DIR"), Options{Holder: "the child"})
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx *Tx) error {
		if err := tx.Write("of-the-child", nil, Private); err != nil {
			return err
		}
		_, _ = os.Stdout.WriteString(holding + "\n")
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	})
}
