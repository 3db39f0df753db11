package pages

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what the commands print into the pages")

// top is that of the repository.
const top = "../.."

// TestRun_PagesShowWhatCommandsPrint runs what needs nothing but trustgen. The tests of
// test/e2e run everything.
func TestRun_PagesShowWhatCommandsPrint(t *testing.T) {
	t.Parallel()
	bin := build(t)
	paths, err := All(top)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			page, err := Load(top, path)
			if err != nil {
				t.Fatal(err)
			}
			log, err := page.Run(t.Context(), Shell{Dir: directory(t), Env: []string{
				"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "HOME=" + t.TempDir(), "KUBECONFIG=",
			}})
			t.Log(log)
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := page.Update(); err != nil {
					t.Fatal(err)
				}
				return
			}
			for _, s := range page.Stale() {
				t.Errorf("%s (-page +output; 'go test ./test/pages -update' writes it):\n%s", s.Command, cmp.Diff(s.Shown, s.Got))
			}
		})
	}
}

// build builds the program and returns the folder that it is in.
func build(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "./cmd/trustgen")
	cmd.Dir = top
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return bin
}

// directory is a new one, from which the files of the repository can be read.
func directory(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range []string{"deploy", "examples"} {
		target, err := filepath.Abs(filepath.Join(top, folder))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(dir, folder)); err != nil {
			t.Fatal(err)
		}
	}
	if err := WriteGiven(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}
