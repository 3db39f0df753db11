// Package leftover finds the servers that run, for tests of their end.
package leftover

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Processes returns the names of the programs whose working directory is
// below dir, as that of every server is below the temporary directory of its
// test. Whether anyone still knows of them does not matter.
func Processes(t testing.TB, dir string) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil || len(links) == 0 {
		t.Fatalf("look for processes: found %d, %v", len(links), err)
	}
	var names []string
	for _, link := range links {
		cwd, err := os.Readlink(link)
		if err != nil || !strings.HasPrefix(cwd, dir+"/") {
			continue // has ended, is another user's, or is elsewhere
		}
		program, err := os.Readlink(filepath.Join(filepath.Dir(link), "exe"))
		if err == nil {
			names = append(names, filepath.Base(program))
		}
	}
	return names
}
