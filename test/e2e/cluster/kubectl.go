package cluster

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// Kubectl runs kubectl as the administrator and returns its stdout. An error fails t, with the
// stderr of kubectl.
func (c *Cluster) Kubectl(t testing.TB, args ...string) string {
	t.Helper()
	return c.KubectlInput(t, "", args...)
}

// KubectlInput is Kubectl with stdin, for `apply -f -` and similar.
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

// KubectlCommand returns the command that Kubectl runs, for tests that expect an error.
func (c *Cluster) KubectlCommand(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary(t, "kubectl"), args...)
	// HOME has the discovery cache of kubectl.
	cmd.Env = []string{"KUBECONFIG=" + c.Kubeconfig, "HOME=" + c.dir}
	return cmd
}
