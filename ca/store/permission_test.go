//go:build unix

package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// restrict takes permissions away until the test ends.
func restrict(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	chmod(t, path, mode)
	t.Cleanup(func() { chmod(t, path, info.Mode().Perm()) })
}

func TestPermissions_ReadOnlyDirectory(t *testing.T) {
	if !isChild(t) {
		runUnprivileged(t)
		return
	}
	for what, names := range map[string][]string{
		"the directory":                  {"."},
		"the store's folder":             {metaDir},
		"the directory with all folders": {"folder", metaDir, "."},
		"with its lock":                  {lockFile, metaDir, "."},
	} {
		t.Run(what, func(t *testing.T) {
			s := fill(t, map[string]string{"a": "old", "folder/b": "old"})
			for _, name := range names {
				mode := fs.FileMode(0o500)
				if name == lockFile {
					mode = 0o400
				}
				restrict(t, s.path(name), mode)
			}
			before := tree(t, s.Dir())
			for what, change := range map[string]func(*Tx) error{
				"a new file":      write("b", "new"),
				"a new folder":    write("new/b", "new"),
				"a file retired":  retire("a"),
				"a file replaced": steps(retire("a"), write("a", "new")),
			} {
				err := s.Update(t.Context(), change)
				if !errors.Is(err, fs.ErrPermission) || strings.Contains(err.Error(), "committed") {
					t.Errorf("%s: Update = %v, expected that it is not permitted", what, err)
				}
				sameTree(t, s.Dir(), before)
			}
			if data, err := viewRead(t, s, "a", Private); err != nil || string(data) != "old" {
				t.Errorf("Read = %q, %v", data, err)
			}
			sameTree(t, s.Dir(), before)
		})
	}
}

func TestPermissions_UnreadableFile(t *testing.T) {
	if !isChild(t) {
		runUnprivileged(t)
		return
	}
	for what, restricted := range map[string]string{"itself": "folder/key", "its folder": "folder"} {
		t.Run(what, func(t *testing.T) {
			s := fill(t, map[string]string{"folder/key": "data"})
			restrict(t, s.path(restricted), 0)
			_, err := viewRead(t, s, "folder/key", Private)
			if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), s.path("folder/key")) {
				t.Errorf("Read = %v", err)
			}
		})
	}
}

func TestPermissions_UnusableDirectory(t *testing.T) {
	if !isChild(t) {
		runUnprivileged(t)
		return
	}
	for what, name := range map[string]string{"the directory": ".", "the store's folder": metaDir, "the marker": versionFile, "the lock": lockFile} {
		for user, use := range users() {
			if name == lockFile && user == "Open" {
				continue // which needs no lock
			}
			t.Run(what+", "+user, func(t *testing.T) {
				s := fill(t, nil)
				restrict(t, s.path(name), 0)
				if err := use(t, s.Dir()); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), s.Dir()) {
					t.Errorf("error %v, expected that it is not permitted", err)
				}
			})
		}
	}
}

func TestPermissions_DirectoryCannotBeCreated(t *testing.T) {
	if !isChild(t) {
		runUnprivileged(t)
		return
	}
	parent := t.TempDir()
	restrict(t, parent, 0o500)
	dir := filepath.Join(parent, "trust")
	err := open(t, dir).Update(t.Context(), write("a", ""))
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), dir) {
		t.Errorf("Update = %v", err)
	}
	sameTree(t, dir, nil)
}

func TestCreateFile_WithoutPermission(t *testing.T) {
	if !isChild(t) {
		runUnprivileged(t)
		return
	}
	dir := t.TempDir()
	restrict(t, dir, 0o500)
	before := tree(t, dir)
	name := filepath.Join(dir, "file")
	if err := CreateFile(name, nil, Private); !errors.Is(err, fs.ErrPermission) || !strings.HasPrefix(err.Error(), name+": ") {
		t.Errorf("CreateFile = %v", err)
	}
	sameTree(t, dir, before)
}
