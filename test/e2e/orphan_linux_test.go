package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/leftover"
	"github.com/trustgen/trustgen/test/e2e/poll"
)

// TestKilledRun_LeavesNoServers kills a run in the middle of a scenario,
// in a way that leaves it no time to clean up.
func TestKilledRun_LeavesNoServers(t *testing.T) {
	t.Parallel()
	tmp := t.TempDir()
	run := startScenario(t, tmp, "TestAgent_RotatesCertificates")
	ctx, cancel := context.WithTimeout(t.Context(), scenarioTimeout)
	defer cancel()
	err := poll.Until(ctx, func(context.Context) error {
		running := leftover.Processes(t, tmp)
		for _, program := range []string{"etcd", "kube-apiserver", "pilot-discovery", "pilot-agent"} {
			if !slices.Contains(running, program) {
				return fmt.Errorf("there is no %s, only %v", program, running)
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("the scenario has not come to its middle: %v", err)
	}
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := run.Wait(); run.ProcessState.Exited() {
		t.Errorf("the run has ended by itself: %v", err)
	}
	await(t, "after the run", func(context.Context) error {
		if left := leftover.Processes(t, tmp); len(left) > 0 {
			return fmt.Errorf("%v still run", left)
		}
		return nil
	})
}

// scenarioTimeout is for two clusters on the slowest machine.
const scenarioTimeout = 2 * time.Minute

// startScenario runs a test of this package in a process of its own, whose
// temporary files are in tmp.
func startScenario(t *testing.T, tmp, name string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), self, "-test.run=^"+name+"$")
	run.Env = append(os.Environ(), "TMPDIR="+tmp, "E2E_LOGS=")
	run.Stdout, run.Stderr = t.Output(), t.Output()
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	return run
}
