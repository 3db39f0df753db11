package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// roleVar lets the test binary run as a server: see TestMain.
const roleVar = "PROCESS_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVar) {
	case "":
		os.Unsetenv("E2E_LOGS") // do not keep the logs of these servers
		os.Exit(m.Run())
	case "crash":
		fmt.Println("out of luck")
		os.Exit(3)
	case "serve":
		serve(os.Args[1])
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		serve(os.Args[1])
	}
}

// serve listens on address until the process ends.
func serve(address string) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			os.Exit(1)
		}
		conn.Close()
	}
}

func play(t testing.TB, name, address string) *Process {
	t.Helper()
	return Start(t, role(t, name, address))
}

// role is the spec of the test binary as a server.
func role(t testing.TB, name, address string) Spec {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Spec{
		Name:  name,
		Path:  self,
		Args:  []string{address},
		Env:   []string{roleVar + "=" + name},
		Grace: 200 * time.Millisecond,
	}
}

func freeAddress(t testing.TB) string {
	return fmt.Sprintf("127.0.0.1:%d", FreePort(t))
}

func dial(address string) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}

func never(context.Context) error { return errors.New("still warming up") }

func TestStop_EndsReadyServer(t *testing.T) {
	address := freeAddress(t)
	p := play(t, "serve", address)
	if err := p.Ready(t.Context(), dial(address)); err != nil {
		t.Fatal(err)
	}
	usage := p.Usage()
	if usage.Ready <= 0 {
		t.Errorf("Usage().Ready = %s, want the time until it was ready", usage.Ready)
	}
	if runtime.GOOS == "linux" && usage.PeakMemory < 1<<20 {
		t.Errorf("Usage().PeakMemory = %d bytes, want the megabytes that a Go program takes", usage.PeakMemory)
	}
	p.Stop()
	if err := dial(address)(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial after Stop: %v, want %v", err, syscall.ECONNREFUSED)
	}
	if got, want := p.state.String(), "signal: terminated"; got != want {
		t.Errorf("the process ended with %q, want %q", got, want)
	}
}

func TestStop_KillsServerThatIgnoresSIGTERM(t *testing.T) {
	address := freeAddress(t)
	p := play(t, "stubborn", address)
	if err := p.Ready(t.Context(), dial(address)); err != nil {
		t.Fatal(err)
	}
	p.Stop()
	if got, want := p.state.String(), "signal: killed"; got != want {
		t.Errorf("the process ended with %q, want %q", got, want)
	}
}

func TestReady_FailsWhenServerEnds(t *testing.T) {
	err := play(t, "crash", "").Ready(t.Context(), never)
	if err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Fatalf("Ready() = %v, want the exit status 3", err)
	}
}

func TestReady_DetectsAnotherServerOnPort(t *testing.T) {
	address := freeAddress(t)
	first := play(t, "serve", address)
	if err := first.Ready(t.Context(), dial(address)); err != nil {
		t.Fatal(err)
	}
	second := play(t, "serve", address)
	<-second.exited
	if err := second.Ready(t.Context(), dial(address)); err == nil {
		t.Error("Ready() = nil for a server that ended, because another one responded")
	}
	if !second.PortTaken() {
		t.Errorf("PortTaken() = false, want true; the log ends with: %s", tail(second.logPath))
	}
	if first.PortTaken() {
		t.Error("PortTaken() = true for the server that has the port")
	}
}

func TestStartReady_RetriesOnTakenPort(t *testing.T) {
	taken, free := freeAddress(t), freeAddress(t)
	if err := play(t, "serve", taken).Ready(t.Context(), dial(taken)); err != nil {
		t.Fatal(err)
	}
	addresses := []string{taken, free}
	p, err := StartReady(t.Context(), t, func() Spec {
		address := addresses[0]
		addresses = addresses[1:]
		return role(t, "serve", address)
	}, dial(free))
	if err != nil {
		t.Fatal(err)
	}
	if p.hasExited() || len(addresses) > 0 {
		t.Errorf("the server ended: %t; untried addresses: %v", p.hasExited(), addresses)
	}
}

func TestReady_ReturnsLastProbeErrorAtDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := play(t, "serve", freeAddress(t)).Ready(ctx, never)
	if err == nil || !strings.Contains(err.Error(), "still warming up") {
		t.Fatalf("Ready() = %v, want the probe's error", err)
	}
}

func TestStart_FailsTestWhenServerEnds(t *testing.T) {
	inner := &fakeTest{TB: t}
	<-play(inner, "crash", "").exited
	inner.cleanUp()

	if got := inner.errors.String(); !strings.Contains(got, "ended before its test did: exit status 3") {
		t.Errorf("the test's errors are %q, want the early end", got)
	}
	if got := inner.logs.String(); !strings.Contains(got, "out of luck") {
		t.Errorf("the test's log is %q, want the end of the server's log", got)
	}
}

func TestStart_KeepsLogsAndUsageInE2ELogs(t *testing.T) {
	kept := t.TempDir()
	t.Setenv("E2E_LOGS", kept)
	for range 2 {
		inner := &fakeTest{TB: t}
		<-play(inner, "crash", "").exited
		inner.cleanUp()
	}
	for _, name := range []string{"crash.log", "crash.2.log"} {
		log, err := os.ReadFile(filepath.Join(kept, t.Name(), name))
		if err != nil || string(log) != "out of luck\n" {
			t.Errorf("%s: %q, %v", name, log, err)
		}
	}
	usage, err := os.ReadFile(filepath.Join(kept, "usage.tsv"))
	line := t.Name() + "\tcrash\t0\t0\texit status 3\n"
	if err != nil || string(usage) != line+line {
		t.Errorf("usage.tsv: %q, %v, want twice %q", usage, err, line)
	}
}

// fakeTest is a test that may fail. Its cleanup runs on request.
type fakeTest struct {
	testing.TB
	cleanups     []func()
	errors, logs strings.Builder
}

func (f *fakeTest) Cleanup(cleanup func())            { f.cleanups = append(f.cleanups, cleanup) }
func (f *fakeTest) Errorf(format string, args ...any) { fmt.Fprintf(&f.errors, format, args...) }
func (f *fakeTest) Logf(format string, args ...any) {
	fmt.Fprintf(io.MultiWriter(&f.logs, f.Output()), format+"\n", args...)
}
func (f *fakeTest) Failed() bool { return f.errors.Len() > 0 }

func (f *fakeTest) cleanUp() {
	for _, cleanup := range f.cleanups {
		cleanup()
	}
}
