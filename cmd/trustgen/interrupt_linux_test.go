package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/sys/unix"

	"github.com/trustgen/trustgen/ca/catest"
)

// TestASignalEndsACommandThatWaits sends a signal to the real program while it waits
// for a directory that another process uses.
func TestASignalEndsACommandThatWaits(t *testing.T) {
	t.Parallel()
	binary := buildBinary(t)
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "trust")
			if out, err := exec.CommandContext(t.Context(), binary, "init", "--dir", dir).CombinedOutput(); err != nil {
				t.Fatalf("init: %v\n%s", err, out)
			}
			path := filepath.Join(dir, ".trustgen/lock")
			lock := flock.New(path)
			if locked := catest.Must(lock.TryLock())(t); !locked {
				t.Fatal("the directory is in use")
			}
			defer func() { _ = lock.Unlock() }()

			var output strings.Builder
			cmd := exec.CommandContext(t.Context(), binary, "intermediate", "--cluster", "east", "--dir", dir)
			cmd.Stderr = &output
			awaitOpen := watchOpen(t, path)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			awaitOpen()
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if code, want := cmd.ProcessState.ExitCode(), "trustgen: error: interrupted, nothing was changed\n"; code != exitInterrupted || output.String() != want {
				t.Errorf("exit code %d, stderr %q, want %d and %q", code, output.String(), exitInterrupted, want)
			}
		})
	}
}

// watchOpen returns a function that waits until a file is opened from now on.
func watchOpen(t *testing.T, path string) (await func()) {
	t.Helper()
	fd := catest.Must(unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK))(t)
	events := os.NewFile(uintptr(fd), "inotify")
	t.Cleanup(func() { _ = events.Close() })
	catest.Must(unix.InotifyAddWatch(fd, path, unix.IN_OPEN))(t)
	return func() {
		t.Helper()
		if err := events.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := events.Read(make([]byte, 4096)); err != nil {
			t.Fatalf("%s was not opened: %v", path, err)
		}
	}
}
