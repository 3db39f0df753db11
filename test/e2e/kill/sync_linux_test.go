package kill

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestSync checks the order in which a command changes files and syncs them: a disk that loses its
// power may lose what is not synced.
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

// syncWatch follows what is not synced yet: files that were written, and folders
// in which names changed.
type syncWatch struct {
	dir                string
	unsynced           map[string]call
	committed, removed bool
}

// distrust takes folders for changed that a killed command may have changed.
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

// checkOrder holds a call against what has to be on the disk before it.
func (w *syncWatch) checkOrder(t *testing.T, c call) {
	t.Helper()
	own, record, staging := filepath.Join(w.dir, ".trustgen"), filepath.Join(w.dir, commitRecord), filepath.Join(w.dir, stagingFolder)
	switch {
	case c.Name == "renameat" && c.Path == record:
		w.committed = true
		// The folder of the record is synced with the record's name.
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
