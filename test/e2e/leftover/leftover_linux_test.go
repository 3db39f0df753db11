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
	program, err := filepath.EvalSymlinks(cat.Path) // cat may be a program of many names
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Base(program)}
	if got := Processes(t, filepath.Dir(dir)); !slices.Equal(got, want) {
		t.Errorf("below the directory run %v, want %v", got, want)
	}
	if got := Processes(t, t.TempDir()); len(got) != 0 {
		t.Errorf("below another directory run %v, want none", got)
	}
	stdin.Close()
	if err := cat.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := Processes(t, filepath.Dir(dir)); len(got) != 0 {
		t.Errorf("%v are found, which have ended", got)
	}
}
