package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"text/template"

	"github.com/trustgen/trustgen/test/e2e/process"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// mesh is two clusters with a workload each, and a directory with the files for the commands of
// the guide.
type mesh struct {
	Dir    string
	Ledger *workload.Server // of the workload in west

	east, west       *member
	checkout, ledger *pod
}

// startMesh starts the clusters below one root, with a workload in each.
func startMesh(t testing.TB, mode mode) *mesh {
	t.Helper()
	m := &mesh{Dir: process.Directory(t)}
	installPrograms(t, m.Dir)
	trustgen(t, m.Dir, "intermediate", "--cluster", "east", "--cluster", "west")
	m.east, m.west = mode.join(t, m.Dir, "east"), mode.join(t, m.Dir, "west")
	m.checkout = startPod(t, m.east, m.Dir, workload.Options{Namespace: "shop", ServiceAccount: "checkout"})
	m.ledger = startPod(t, m.west, m.Dir, workload.Options{Namespace: "bank", ServiceAccount: "ledger"})
	m.Ledger = m.ledger.workload.Serve(t)
	return m
}

// refresh applies changed Secrets to the files of the clusters, and renews the certificates of
// the workloads.
func (m *mesh) refresh(t testing.TB) {
	t.Helper()
	m.east.refresh(t)
	m.west.refresh(t)
	m.checkout.renew(t)
	m.ledger.renew(t)
}

// guide prints what runs, and commands to try.
func (m *mesh) guide(w io.Writer, mode mode) error {
	return template.Must(template.New("guide").Parse(mode.guide)).Execute(w, m)
}

// installPrograms creates dir/bin with the programs of the guide.
func installPrograms(t testing.TB, dir string) {
	t.Helper()
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	trustgen := os.Getenv("TRUSTGEN_E2E_BIN")
	if trustgen == "" {
		t.Fatal("TRUSTGEN_E2E_BIN does not name the program trustgen: run `make testbed`")
	}
	for name, path := range map[string]string{
		"trustgen": trustgen,
		"kubectl":  process.Built(t, "TRUSTGEN_E2E_KUBE", "kubectl"),
	} {
		if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
}
