package process

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Usage is the time and memory that a process has used so far.
type Usage struct {
	Ready      time.Duration // from its start until Ready saw it serve; zero if it has not
	PeakMemory int64         // bytes, resident; zero if unknown
}

// Usage returns the usage of the process, also after its end.
func (p *Process) Usage() Usage {
	p.measure()
	return Usage{Ready: time.Duration(p.ready.Load()), PeakMemory: p.peak.Load()}
}

// measure records the peak memory while the process lives. The maximum of wait4(2) is unusable:
// it includes the test binary that forked.
func (p *Process) measure() {
	if peak := peakMemory(p.PID()); peak > 0 && !p.hasExited() {
		p.peak.Store(peak)
	}
}

// peakMemory returns VmHWM of proc(5) in bytes, 0 if there is none.
func peakMemory(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return kib << 10
		}
	}
	return 0
}

// report logs the usage of an ended process, and adds it to usage.tsv if logs are kept.
func (p *Process) report(t testing.TB) {
	usage := p.Usage()
	t.Logf("%s: ready after %s, at most %d MiB, %v",
		p.spec.Name, usage.Ready.Round(time.Millisecond), usage.PeakMemory>>20, p.state)

	kept := os.Getenv("E2E_LOGS")
	if kept == "" {
		return
	}
	line := fmt.Sprintf("%s\t%s\t%d\t%d\t%v\n",
		t.Name(), p.spec.Name, usage.Ready.Milliseconds(), usage.PeakMemory>>20, p.state)
	if err := appendFile(filepath.Join(kept, "usage.tsv"), line); err != nil {
		t.Errorf("%s: record its usage: %v", p.spec.Name, err)
	}
}

// appendFile appends line in a single write, which concurrent test binaries cannot interleave.
func appendFile(path, line string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if _, err := file.WriteString(line); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
