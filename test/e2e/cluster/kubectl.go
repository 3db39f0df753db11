package cluster

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// Kubectl runs kubectl as the administrator and returns what it prints to
// stdout. Where kubectl fails t does, with what it printed to stderr.
func (c *Cluster) Kubectl(t testing.TB, args ...string) string {
	t.Helper()
	return c.KubectlInput(t, "", args...)
}

// KubectlInput is Kubectl with stdin, for `apply -f -` and the like.
func (c *Cluster) KubectlInput(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	cmd := c.KubectlCommand(t, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: kubectl %s: %v\n%s", c.Name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return string(stdout)
}

// KubectlCommand returns the command that Kubectl runs, for tests that expect
// it to fail.
func (c *Cluster) KubectlCommand(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary(t, "kubectl"), args...)
	// HOME is where kubectl caches what it discovers.
	cmd.Env = []string{"KUBECONFIG=" + c.Kubeconfig, "HOME=" + c.dir}
	return cmd
}
