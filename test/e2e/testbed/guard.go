package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// guardedVar marks the process that guard starts.
const guardedVar = "TESTBED_GUARDED"

func isGuarded() bool { return os.Getenv(guardedVar) != "" }

// guard runs this program again until ctx is done, and returns its exit code.
//
// A terminal sends Ctrl-C to a whole process group. The second process has its own group: it
// must end the servers in order, because servers that end at the same time wait for each other.
// It ends when its standard input closes, so it never outlives this process.
func guard(ctx context.Context) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 1, err
	}
	cmd := exec.CommandContext(ctx, self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), guardedVar+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return 1, err
	}
	cmd.Cancel = stdin.Close
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) || errors.Is(err, context.Canceled) {
		err = nil // the other process has printed the reason
	}
	if cmd.ProcessState == nil {
		return 1, err
	}
	return cmd.ProcessState.ExitCode(), err
}

// untilGuardEnds returns a context that is done when the guard interrupts this process or ends.
func untilGuardEnds(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	return ctx
}
