package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestExamples_Output runs each script of the examples and compares its output with output.txt.
func TestExamples_Output(t *testing.T) {
	t.Parallel()
	for _, example := range []string{"two-cluster", "offline-root"} {
		t.Run(example, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(checkout, "examples", example)
			cmd := exec.CommandContext(t.Context(), filepath.Join(folder, "run.sh"))
			cmd.Env = append(os.Environ(), "PATH="+programPath(t))
			cmd.Stderr = os.Stderr
			got, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(read(t, filepath.Join(folder, "output.txt"))), string(got)); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
		})
	}
}
