package main

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/istiod"
)

// member is a cluster of the mesh.
type member struct {
	istiod  *istiod.Istiod
	mounted map[string][]byte // files of Secret cacerts; nil if istiod has none
}

// startCluster starts a cluster that is ready for istiod. Its kubeconfig goes to dir.
func startCluster(t testing.TB, dir, name string) *cluster.Cluster {
	t.Helper()
	c := cluster.Start(t, cluster.Options{Name: name})
	istiod.Install(t, c)
	if err := os.Symlink(c.Kubeconfig, filepath.Join(dir, name+".kubeconfig")); err != nil {
		t.Fatal(err)
	}
	return c
}

// startPlugin starts a cluster with an istiod, whose CA is in the trust directory in dir.
func startPlugin(t testing.TB, dir, name string) *member {
	t.Helper()
	c := startCluster(t, dir, name)
	c.KubectlInput(t, trustgen(t, dir, "secret", "--cluster", name), "apply", "--server-side", "-f", "-")
	m := &member{mounted: c.Secret(t, istiod.Namespace, "cacerts")}
	m.istiod = istiod.Start(t, c, istiod.Options{CA: m.mounted})
	return m
}

// refresh updates mounted files as a kubelet does: it replaces them when the Secret changes, and
// keeps them when the Secret is deleted.
func (m *member) refresh(t testing.TB) {
	t.Helper()
	if m.mounted == nil {
		return
	}
	var secret struct{ Data map[string][]byte }
	err := m.istiod.Cluster.Get(t.Context(), "/api/v1/namespaces/"+istiod.Namespace+"/secrets/cacerts", &secret)
	if err != nil || maps.EqualFunc(secret.Data, m.mounted, bytes.Equal) {
		return
	}
	m.istiod.Swap(t, secret.Data)
	m.mounted = secret.Data
}

// trustgen runs the program in dir and returns what it prints to stdout.
func trustgen(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "bin", "trustgen"), args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, stderr.Bytes())
	}
	return string(stdout)
}
