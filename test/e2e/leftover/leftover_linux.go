// Package leftover finds running servers, for tests of their end.
package leftover

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Processes returns the names of all programs whose working directory is below dir. The working
// directory of a server is below the temporary directory of its test.
func Processes(t testing.TB, dir string) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil || len(links) == 0 {
		t.Fatalf("list processes: found %d, %v", len(links), err)
	}
	var names []string
	for _, link := range links {
		cwd, err := os.Readlink(link)
		if err != nil || !strings.HasPrefix(cwd, dir+"/") {
			continue // has ended, belongs to another user, or runs in another directory
		}
		program, err := os.Readlink(filepath.Join(filepath.Dir(link), "exe"))
		if err == nil {
			names = append(names, filepath.Base(program))
		}
	}
	return names
}
