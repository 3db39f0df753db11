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

// TestKilledRun_LeavesNoServers kills a run in the middle of a scenario, so that it cannot clean
// up.
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
				return fmt.Errorf("%s does not run, only %v", program, running)
			}
		}
		return nil
	})
	if err != nil {
		t.Errorf("the scenario has not started all servers: %v", err)
	}
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := run.Wait(); run.ProcessState.Exited() {
		t.Errorf("the run ended before it was killed: %v", err)
	}
	await(t, "after the run", func(context.Context) error {
		if left := leftover.Processes(t, tmp); len(left) > 0 {
			return fmt.Errorf("%v still run", left)
		}
		return nil
	})
}

// scenarioTimeout is enough for two clusters on the slowest machine.
const scenarioTimeout = 2 * time.Minute

// startScenario runs a test of this package in its own process, with tmp as its temporary
// directory.
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
