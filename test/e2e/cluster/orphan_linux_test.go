package cluster

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/process"
)

// orphanVar makes TestAKilledTestLeavesNoServerBehind play the test that is
// killed.
const orphanVar = "CLUSTER_TEST_ORPHAN"

func TestAKilledTestLeavesNoServerBehind(t *testing.T) {
	if os.Getenv(orphanVar) != "" {
		startEtcdAndWait(t)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	victim := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$")
	victim.Env = append(os.Environ(), orphanVar+"=1", "TMPDIR="+t.TempDir())
	victim.Stderr = t.Output()
	stdin, err := victim.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	stdout, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}

	etcd := readPID(t, stdout)
	if !alive(etcd) {
		t.Errorf("etcd (pid %d) does not run while its test does", etcd)
	}
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = victim.Wait() // "signal: killed", as it should

	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	timeout := time.After(10 * time.Second)
	for alive(etcd) {
		select {
		case <-ticker.C:
		case <-timeout:
			_ = syscall.Kill(etcd, syscall.SIGKILL)
			t.Fatalf("etcd (pid %d) still runs 10 s after its test was killed", etcd)
		}
	}
}

// startEtcdAndWait prints the pid of an etcd and returns at the end of stdin.
func startEtcdAndWait(t *testing.T) {
	c := &Cluster{Name: "orphan", dir: process.Directory(t)}
	c.startEtcd(t.Context(), t)
	fmt.Printf("etcd %d\n", c.Etcd.PID())
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		t.Fatal(err)
	}
}

// readPID returns the pid that startEtcdAndWait printed.
func readPID(t *testing.T, stdout io.Reader) int {
	t.Helper()
	lines := bufio.NewScanner(stdout)
	var said strings.Builder
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "etcd "); ok {
			pid, err := strconv.Atoi(text)
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
		fmt.Fprintln(&said, lines.Text())
	}
	t.Fatalf("the test to be killed ended before it had started an etcd:\n%s", &said)
	return 0
}

// alive reports whether the process runs. One that is dead and that nobody has
// reaped yet does not.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	// The state follows the name, which is in brackets and may hold anything.
	fields := string(stat[strings.LastIndexByte(string(stat), ')')+1:])
	return !strings.HasPrefix(fields, " Z")
}
