package e2e_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/signer"
	"github.com/trustgen/trustgen/test/pages"
)

// checkout is the top of the repository.
const checkout = "../.."

// TestPages_CommandsWork runs the commands of each page from top to bottom, in a copy of the
// checkout. kubectl connects to real API servers. With TRUSTGEN_E2E_UPDATE=1 the output is
// written into the pages.
func TestPages_CommandsWork(t *testing.T) {
	t.Parallel()
	paths, err := pages.All(checkout)
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, path := range paths {
		page, err := pages.Load(checkout, path)
		if err != nil {
			t.Fatal(err)
		}
		commands += len(page.Commands)
		if len(page.Commands) == 0 {
			continue
		}
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			runPage(t, page)
		})
	}
	if commands < 40 {
		t.Errorf("the pages have %d commands, want 40 or more", commands)
	}
}

func runPage(t *testing.T, page *pages.Page) {
	t.Helper()
	dir := copyCheckout(t)
	if err := pages.WriteGiven(dir); err != nil {
		t.Fatal(err)
	}
	clusters := startClusters(t, page)
	bin := filepath.Join(dir, "bin")
	path := bin + ":" + programPath(t)
	for _, c := range clusters {
		path = filepath.Dir(c.KubectlCommand(t).Path) + ":" + path
	}
	env := []string{"GOBIN=" + bin, "PATH=" + path, "KUBECONFIG=" + writeContexts(t, clusters)}
	log, err := page.Run(t.Context(), pages.Shell{Dir: dir, Env: env, Complete: true})
	t.Log(log)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range clusters {
		if annotations := c.Kubectl(t, "get", "secrets", "-A", "-o", "jsonpath={.items[*].metadata.annotations}"); strings.Contains(annotations, "last-applied-configuration") {
			t.Errorf("%s: a Secret has its key in an annotation: %s", name, annotations)
		}
	}
	if os.Getenv("TRUSTGEN_E2E_UPDATE") != "" {
		if err := page.Update(); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, s := range page.Stale() {
		t.Errorf("%s (-page +output):\n%s", s.Command, cmp.Diff(s.Shown, s.Got))
	}
}

// startClusters starts a cluster for each context in the page. If the page deploys the
// controller, the controller runs beside the cluster, because no kubelet starts pods.
func startClusters(t *testing.T, page *pages.Page) map[string]*cluster.Cluster {
	t.Helper()
	clusters := make(map[string]*cluster.Cluster)
	deploys := false
	for _, command := range page.Commands {
		words := strings.Fields(command.Line)
		if n := slices.Index(words, "--context"); n >= 0 && clusters[words[n+1]] == nil {
			name := words[n+1]
			clusters[name] = cluster.Start(t, cluster.Options{Name: name})
		}
		deploys = deploys || strings.Contains(command.Line, "deploy/controller.yaml")
	}
	if c := clusters["east"]; c != nil && deploys {
		signer.Install(t, c)
		signer.Start(t, c)
	}
	return clusters
}

// kubeconfig has the fields of a kubeconfig that the tests need.
type kubeconfig struct {
	APIVersion string           `json:"apiVersion"`
	Kind       string           `json:"kind"`
	Contexts   []map[string]any `json:"contexts"`
	Clusters   []map[string]any `json:"clusters"`
	Users      []map[string]any `json:"users"`
}

// writeContexts writes a kubeconfig with a context for each cluster, and returns its path. There
// is no current context: a command without a context fails.
func writeContexts(t *testing.T, clusters map[string]*cluster.Cluster) string {
	t.Helper()
	all := kubeconfig{APIVersion: "v1", Kind: "Config"}
	for _, name := range slices.Sorted(maps.Keys(clusters)) {
		var one kubeconfig
		if err := json.Unmarshal(read(t, clusters[name].Kubeconfig), &one); err != nil {
			t.Fatal(err)
		}
		one.Clusters[0]["name"], one.Users[0]["name"] = name, name
		all.Clusters, all.Users = append(all.Clusters, one.Clusters[0]), append(all.Users, one.Users[0])
		all.Contexts = append(all.Contexts, map[string]any{"name": name, "context": map[string]any{"cluster": name, "user": name}})
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// copyCheckout copies the files that git tracks or would add.
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
			continue // deleted and not committed
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

// programPath is a PATH with the program under test as trustgen.
func programPath(t *testing.T) string {
	t.Helper()
	return filepath.Dir(program(t)) + ":" + os.Getenv("PATH")
}
