package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gofrs/flock"
	"golang.org/x/sys/unix"

	"github.com/trustgen/trustgen/ca/catest"
)

// TestIntermediate_ASignalEndsTheWaitForTheLock sends a signal to the real program while it waits
// for a directory that another process uses.
func TestIntermediate_ASignalEndsTheWaitForTheLock(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "trust")
			if out, err := exec.CommandContext(t.Context(), "trustgen", "init", "--dir", dir).CombinedOutput(); err != nil {
				t.Fatalf("init: %v\n%s", err, out)
			}
			path := filepath.Join(dir, ".trustgen/lock")
			lock := flock.New(path)
			if locked := catest.Must(lock.TryLock())(t); !locked {
				t.Fatal("the directory is in use")
			}
			defer func() { _ = lock.Unlock() }()

			var output strings.Builder
			cmd := exec.CommandContext(t.Context(), "trustgen", "intermediate", "--cluster", "east", "--dir", dir)
			cmd.Stderr = &output
			opened := watchOpen(t, path)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			select {
			case err := <-opened:
				if err == nil {
					err = cmd.Process.Signal(signal)
				}
				if err != nil {
					t.Fatal(err)
				}
				<-ended
			case err := <-ended:
				t.Errorf("ended before it waited: %v", err)
			}
			if code, want := cmd.ProcessState.ExitCode(), "trustgen: error: interrupted, nothing was changed\n"; code != exitInterrupted || output.String() != want {
				t.Errorf("exit code %d, stderr %q, want %d and %q", code, output.String(), exitInterrupted, want)
			}
		})
	}
}

// watchOpen reports that a file is opened from now on.
func watchOpen(t *testing.T, path string) <-chan error {
	t.Helper()
	fd := catest.Must(unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK))(t)
	events := os.NewFile(uintptr(fd), "inotify")
	t.Cleanup(func() { _ = events.Close() })
	catest.Must(unix.InotifyAddWatch(fd, path, unix.IN_OPEN))(t)
	opened := make(chan error, 1)
	go func() {
		_, err := events.Read(make([]byte, 4096))
		opened <- err
	}()
	return opened
}
