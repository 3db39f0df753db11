package kill

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestSync checks the order in which a command changes and syncs files: after a power loss a
// disk may lack changes that were not synced.
func TestSync(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	for name, s := range map[string]scenario{
		"init in a new directory":            {args: []string{"init"}},
		"intermediate in a new directory":    {args: issuance},
		"intermediate that renews":           {prepare: [][]string{issuance}, args: renewal},
		"list that finishes a renewal":       finishing(1, 0, "list"),
		"list that has a renewal to confirm": finishing(renewalMoves, 0, "list"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDirectory(t, p.template(t, s), s)
			run := trace(t, d.work, p.argv(s.args), func(call) bool { return false })
			if run.Code != exitOK {
				t.Fatalf("exit code %d: %s", run.Code, run.Output)
			}
			w := syncWatch{dir: d.dir, unsynced: make(map[string]call)}
			if s.committed {
				w.distrust("clusters", "superseded/clusters", "superseded/clusters/east", "superseded/clusters/west")
			}
			for _, call := range run.Calls {
				w.see(t, call)
			}
			if !w.removed || w.committed == s.committed {
				t.Errorf("a record was written: %t, removed: %t", w.committed, w.removed)
			}
		})
	}
}

// syncWatch records changes that are not synced yet: of files, and of names in folders.
type syncWatch struct {
	dir                string
	unsynced           map[string]call
	committed, removed bool
}

// distrust treats folders as changed, since a killed command may have changed them.
func (w *syncWatch) distrust(folders ...string) {
	for _, folder := range folders {
		w.unsynced[filepath.Join(w.dir, folder)] = call{Name: "kill"}
	}
}

func (w *syncWatch) see(t *testing.T, c call) {
	t.Helper()
	if c.Failed {
		return
	}
	w.checkOrder(t, c)
	switch c.Name {
	case "fsync":
		delete(w.unsynced, c.Path)
	case "write", "ftruncate":
		w.unsynced[c.Path] = c
	case "renameat":
		w.unsynced[filepath.Dir(c.From)], w.unsynced[filepath.Dir(c.Path)] = c, c
	case "openat", "mkdirat", "unlinkat", "linkat":
		w.unsynced[filepath.Dir(c.Path)] = c
	}
}

// checkOrder checks that everything which a call depends on is synced.
func (w *syncWatch) checkOrder(t *testing.T, c call) {
	t.Helper()
	own, record, staging := filepath.Join(w.dir, ".trustgen"), filepath.Join(w.dir, commitRecord), filepath.Join(w.dir, stagingFolder)
	switch {
	case c.Name == "renameat" && c.Path == record:
		w.committed = true
		// A sync of the folder of the record also syncs the name of the record.
		w.checkSynced(t, c, func(path string) bool { return path != own && path != filepath.Join(own, "lock") })
	case c.Name == "renameat" && w.committed:
		w.checkSynced(t, c, func(path string) bool { return path == own })
	case c.Name == "unlinkat" && c.Path == record:
		w.removed = true
		w.checkSynced(t, c, func(path string) bool {
			return path != own && path != filepath.Join(own, "lock") && !strings.HasPrefix(path, staging)
		})
	}
}

func (w *syncWatch) checkSynced(t *testing.T, c call, matters func(path string) bool) {
	t.Helper()
	for path, change := range w.unsynced {
		if matters(path) {
			t.Errorf("before %v: %s is not synced since %v", c, path, change)
		}
	}
}
