package process

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/poll"
)

// Pause stops the process until Resume. It keeps its sockets and responds to nothing.
func (p *Process) Pause(t testing.TB) {
	t.Helper()
	p.signal(t, syscall.SIGSTOP)
	if err := poll.Until(t.Context(), p.isStopped); err != nil {
		t.Fatalf("pause %s: %v", p.spec.Name, err)
	}
}

// Resume continues a paused process.
func (p *Process) Resume(t testing.TB) {
	t.Helper()
	p.signal(t, syscall.SIGCONT)
}

func (p *Process) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(p.PID(), s); err != nil {
		t.Fatalf("%s: %s: %v", p.spec.Name, s, err)
	}
}

// isStopped waits for every thread: a running one may respond.
func (p *Process) isStopped(context.Context) error {
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.PID()))
	if err != nil {
		return err
	}
	for _, thread := range threads {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/stat", p.PID(), thread.Name()))
		if err != nil {
			return err
		}
		// The state follows the name, which is in brackets.
		if _, state, _ := bytes.Cut(stat, []byte(") ")); !bytes.HasPrefix(state, []byte("T")) {
			return fmt.Errorf("thread %s is in state %.1s", thread.Name(), state)
		}
	}
	return nil
}
