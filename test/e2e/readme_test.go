package e2e_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/cluster"
)

// checkout is the top of the repository.
const checkout = "../.."

// TestEveryCommandInTheREADMEWorks runs them in their order, in a copy of the
// checkout, as someone does who follows it from top to bottom. kubectl talks to a
// real API server.
func TestEveryCommandInTheREADMEWorks(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Options{})
	c.Kubectl(t, "config", "rename-context", strings.TrimSpace(c.Kubectl(t, "config", "current-context")), "east")
	dir := copyCheckout(t)
	env := append(os.Environ(), "KUBECONFIG="+c.Kubeconfig, "GOBIN="+filepath.Join(dir, "bin"),
		"PATH="+filepath.Join(dir, "bin")+":"+filepath.Dir(c.KubectlCommand(t).Path)+":"+os.Getenv("PATH"))
	lines := commands(t, filepath.Join(checkout, "README.md"))
	if len(lines) < 10 {
		t.Fatalf("README.md has only the commands %q", lines)
	}
	for _, line := range lines {
		cmd := exec.CommandContext(t.Context(), "bash", "-o", "pipefail", "-euc", line)
		if target, isMake := strings.CutPrefix(line, "make "); isMake {
			// CI itself runs what is behind it.
			cmd = exec.CommandContext(t.Context(), "make", append([]string{"--dry-run"}, strings.Fields(target)...)...)
		}
		cmd.Dir, cmd.Env = dir, env
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		t.Logf("$ %s\n%s", line, out)
	}
	applied := c.Kubectl(t, "get", "secret", "cacerts", "-n", "istio-system", "-o", "jsonpath={.data.ca-cert\\.pem}{.metadata.annotations}")
	if applied == "" || strings.Contains(applied, "last-applied-configuration") {
		t.Errorf("the Secret is missing, or it has its key in an annotation: %s", applied)
	}
}

// commands are the lines of the blocks that are marked as sh.
func commands(t *testing.T, file string) []string {
	t.Helper()
	var lines []string
	inBlock := false
	for line := range strings.Lines(string(read(t, file))) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "```"):
			inBlock = line == "```sh"
		case inBlock && line != "":
			lines = append(lines, line)
		}
	}
	return lines
}

// copyCheckout copies the files that git knows or would add.
func copyCheckout(t *testing.T) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = checkout
	names, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", cmd, err)
	}
	dir := t.TempDir()
	for name := range bytes.SplitSeq(bytes.TrimRight(names, "\x00"), []byte{0}) {
		target := filepath.Join(dir, string(name))
		data, err := os.ReadFile(filepath.Join(checkout, string(name)))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		if err == nil {
			err = os.MkdirAll(filepath.Dir(target), 0o755)
		}
		if err == nil {
			err = os.WriteFile(target, data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// programPath is a PATH on which trustgen is the program under test.
func programPath(t *testing.T) string {
	t.Helper()
	return filepath.Dir(program(t)) + ":" + os.Getenv("PATH")
}
