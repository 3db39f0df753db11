package process

import (
	"os"
	"testing"
)

// Directory returns a new directory for a server, which is removed when t ends. Unlike t.TempDir
// its path does not contain the name of the test, because the path of a socket is limited to
// some 100 bytes.
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
