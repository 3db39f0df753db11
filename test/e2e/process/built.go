package process

import (
	"os"
	"path/filepath"
	"testing"
)

// Built returns the path of a file that test/servers/build.sh made, in the directory of the
// environment variable. If the file is missing, t fails: a skipped end-to-end test proves
// nothing.
func Built(t testing.TB, variable, file string) string {
	t.Helper()
	dir := os.Getenv(variable)
	if dir == "" {
		t.Fatalf("%s does not name the directory with %s: run `make e2e`", variable, file)
	}
	path := filepath.Join(dir, file)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s: %v: run `make e2e`", variable, err)
	}
	return path
}
