package e2e_test

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A mesh is a root and its clusters, created by the program.
type mesh struct {
	keyType  string
	root     *authority
	clusters map[string]*authority
	stranger *mesh // made by the same commands in another directory
}

// authorities are the root and the clusters' intermediates.
func (m *mesh) authorities() map[string]*authority {
	all := maps.Clone(m.clusters)
	all["root"] = m.root
	return all
}

// newMesh runs the program to create a root and its clusters, with keys of one type.
func newMesh(t *testing.T, keyType string, clusters ...string) *mesh {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "trust")
	trustgen(t, "init", "--dir", dir, "--key-type", keyType)
	args := []string{"intermediate", "--dir", dir}
	for _, name := range clusters {
		args = append(args, "--cluster", name)
	}
	trustgen(t, args...)

	rootCert := filepath.Join(dir, "root-cert.pem")
	m := &mesh{keyType: keyType, clusters: make(map[string]*authority)}
	m.root = loadAuthority(t, authorityFiles{
		cert:  rootCert,
		key:   filepath.Join(dir, "root-key.pem"),
		chain: rootCert,
		roots: rootCert,
	})
	for _, name := range clusters {
		bundle := filepath.Join(dir, "clusters", name)
		m.clusters[name] = loadAuthority(t, authorityFiles{
			cert:  filepath.Join(bundle, "ca-cert.pem"),
			key:   filepath.Join(bundle, "ca-key.pem"),
			chain: filepath.Join(bundle, "cert-chain.pem"),
			roots: filepath.Join(bundle, "root-cert.pem"),
		})
	}
	return m
}

// trustgen runs the program under test and returns what it prints to stdout.
func trustgen(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, stderr.Bytes())
	}
	return string(stdout)
}

// program is the path of the program under test.
func program(t *testing.T) string {
	t.Helper()
	bin := os.Getenv("TRUSTGEN_E2E_BIN")
	if bin == "" {
		t.Fatal("TRUSTGEN_E2E_BIN does not name the program under test: run make e2e")
	}
	return bin
}
