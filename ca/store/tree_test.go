package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The clock of the tests, and what retired names are called by it.
var (
	now   = time.Date(2026, time.January, 2, 3, 4, 5, 6, time.UTC)
	stamp = "20260102T030405Z"
)

// entry is what is on the disk under a name.
type entry struct {
	Mode fs.FileMode
	Data string
}

// tree is a directory as it is on the disk, byte for byte; nil if it is missing.
// Of the lock only that it is there: it says who used the directory last.
func tree(t *testing.T, dir string) map[string]entry {
	t.Helper()
	if _, err := os.Lstat(dir); os.IsNotExist(err) {
		return nil
	}
	found := make(map[string]entry)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		e := entry{Mode: info.Mode()}
		if info.Mode().IsRegular() && name != lockFile {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			e.Data = string(data)
		}
		found[name] = e
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// sameTree fails the test unless a directory is as it was.
func sameTree(t *testing.T, dir string, before map[string]entry) {
	t.Helper()
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("%s is not as before (-before +after):\n%s", dir, diff)
	}
}

// files are those of a directory that are not the store's own, by their names.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	for name, e := range tree(t, dir) {
		if e.Mode.IsRegular() && !strings.HasPrefix(name, metaDir+"/") {
			found[name] = e.Data
		}
	}
	return found
}

func wantFiles(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, files(t, dir)); diff != "" {
		t.Errorf("files of %s (-want +got):\n%s", dir, diff)
	}
}

// wantNoLeftovers fails the test if something of a transaction is left.
func wantNoLeftovers(t *testing.T, dir string) {
	t.Helper()
	for name := range tree(t, dir) {
		if strings.HasPrefix(name, metaDir+"/") && name != lockFile && name != versionFile {
			t.Errorf("%s is left over", name)
		}
	}
}

// newDir names a directory that is missing, in one that is not.
func newDir(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "trust")
}

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), dir, Options{Holder: "the test", Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fill makes a store that holds files.
func fill(t *testing.T, files map[string]string) *Store {
	t.Helper()
	s := open(t, newDir(t))
	update(t, s, func(tx *Tx) error { return writeAll(tx, files) })
	return s
}

func writeAll(tx *Tx, files map[string]string) error {
	for name, data := range files {
		if err := tx.Write(name, []byte(data), Private); err != nil {
			return err
		}
	}
	return nil
}

func update(t *testing.T, s *Store, change func(*Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), change); err != nil {
		t.Fatal(err)
	}
}

// users are the ways to use a directory, each of which checks and repairs it.
func users() map[string]func(*testing.T, string) error {
	return map[string]func(*testing.T, string) error{
		"Open": func(t *testing.T, dir string) error {
			_, err := Open(t.Context(), dir, Options{})
			return err
		},
		"View": func(t *testing.T, dir string) error {
			return closed(dir).View(t.Context(), func(*Snapshot) error { return nil })
		},
		"Update": func(t *testing.T, dir string) error {
			return closed(dir).Update(t.Context(), func(*Tx) error { return nil })
		},
	}
}

// closed is a store whose directory nobody has looked at yet, as after a kill
// between Open and what follows it.
func closed(dir string) *Store {
	return &Store{dir: dir, options: Options{LockTimeout: DefaultLockTimeout, Now: func() time.Time { return now }}}
}

func put(t *testing.T, dir, name, data string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
		t.Fatal(err)
	}
}
