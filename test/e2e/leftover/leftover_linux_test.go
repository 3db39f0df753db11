package leftover

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

func TestProcesses_OnlyBelowDirectory(t *testing.T) {
	dir := t.TempDir()
	cat := exec.CommandContext(t.Context(), "cat")
	cat.Dir = dir
	stdin, err := cat.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cat.Start(); err != nil {
		t.Fatal(err)
	}
	program, err := filepath.EvalSymlinks(cat.Path) // cat may be a link to a multi-call binary
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Base(program)}
	if got := Processes(t, filepath.Dir(dir)); !slices.Equal(got, want) {
		t.Errorf("programs below the directory: %v, want %v", got, want)
	}
	if got := Processes(t, t.TempDir()); len(got) != 0 {
		t.Errorf("programs below another directory: %v, want none", got)
	}
	stdin.Close()
	if err := cat.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := Processes(t, filepath.Dir(dir)); len(got) != 0 {
		t.Errorf("found programs that have ended: %v", got)
	}
}
