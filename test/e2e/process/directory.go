package process

import (
	"os"
	"testing"
)

// Directory returns a new directory for a server, which goes with t. It is not
// t.TempDir, because that carries the name of the test and a socket's path has
// room for some 100 bytes.
func Directory(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove a server's directory: %v", err)
		}
	})
	return dir
}
