// Package process runs the servers that a test needs as plain processes.
//
// No server outlives its test. Cleanup ends it; on Linux the kernel ends it if the test binary itself
// is killed. A server that ends by itself fails its test.
//
// # Logs
//
// The output of a server goes to a file in the temporary directory of the test. If the test fails, the
// end of the file is printed. With the environment variable E2E_LOGS, the absolute path of a directory,
// logs are kept there instead, and its file usage.tsv gets a line for each process: test, process,
// milliseconds until it was ready, MiB of memory at the peak, how it ended.
package process

import (
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// Spec is how to run a process.
type Spec struct {
	Name  string        // names the process in messages and its log file
	Path  string        // the executable
	Args  []string      // without the name of the program
	Env   []string      // the whole environment; nothing is inherited
	Dir   string        // the working directory; empty for the test's own
	Grace time.Duration // from SIGTERM to SIGKILL; 10 seconds if zero
}

// Process is a server that was started for a test.
type Process struct {
	spec    Spec
	logPath string
	started time.Time

	process *os.Process
	exited  chan struct{}    // closed once the process is reaped
	state   *os.ProcessState // valid once exited is closed

	explained atomic.Bool // the test ended it, or its end was reported
	ready     atomic.Int64
	peak      atomic.Int64
}

// Start runs spec until t ends. A program that cannot be executed fails t. Ready waits until it
// serves.
func Start(t testing.TB, spec Spec) *Process {
	t.Helper()
	if spec.Grace == 0 {
		spec.Grace = 10 * time.Second
	}
	log, err := createLog(t, spec.Name)
	if err != nil {
		t.Fatalf("%s: create its log: %v", spec.Name, err)
	}
	defer log.Close()

	cmd := exec.Command(spec.Path, spec.Args...)
	cmd.Env = append([]string{}, spec.Env...)
	cmd.Dir = spec.Dir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	dieWithParent(cmd.SysProcAttr)

	p := &Process{spec: spec, logPath: log.Name(), started: time.Now(), exited: make(chan struct{})}
	started := make(chan error)
	go p.run(cmd, started)
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", spec.Name, err)
	}
	t.Cleanup(func() { p.cleanup(t) })
	return p
}

// run starts cmd, sends the result to started, and reaps the process.
//
// It locks its OS thread until then: the kernel considers the parent dead when the thread that
// forked ends, and a shared thread may end at any time.
func (p *Process) run(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	err := cmd.Start()
	p.process = cmd.Process
	started <- err
	if err != nil {
		return
	}
	_ = cmd.Wait() // the state has the result
	p.state = cmd.ProcessState
	close(p.exited)
}

// PID returns the process id.
func (p *Process) PID() int { return p.process.Pid }

// Stop sends SIGTERM, then SIGKILL after Spec.Grace, and returns when the process has ended. It
// does nothing if the process has already ended.
func (p *Process) Stop() { p.end(syscall.SIGTERM) }

// Kill ends the process with SIGKILL, as a crash does, and returns when it has ended.
func (p *Process) Kill() { p.end(syscall.SIGKILL) }

func (p *Process) end(signal os.Signal) {
	p.explained.Store(true)
	p.measure()
	_ = p.process.Signal(signal) // fails only for a process that has ended

	grace := time.NewTimer(p.spec.Grace)
	defer grace.Stop()
	select {
	case <-p.exited:
	case <-grace.C:
		_ = p.process.Kill()
		<-p.exited
	}
}

func (p *Process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

func (p *Process) cleanup(t testing.TB) {
	if p.hasExited() && !p.explained.Load() {
		t.Errorf("%s (pid %d) ended before its test did: %v", p.spec.Name, p.PID(), p.state)
	}
	// Before the end of the process, whose output is often the longest.
	if t.Failed() {
		t.Logf("%s: the log %s ends with:\n%s", p.spec.Name, p.logPath, tail(p.logPath))
	}
	p.Stop()
	p.report(t)
}
