package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// SupersededFolder is where retired names go: to superseded/<name>/<time>.
const SupersededFolder = "superseded"

// Snapshot is the directory as it stands while nobody changes it. It is valid
// inside the function it was handed to.
type Snapshot struct {
	dir  string
	root *os.Root // nil while there is no directory
}

// Read returns a file. A file that is missing is an fs.ErrNotExist, a private one
// that others can read a [*ModeError].
func (s *Snapshot) Read(name string, mode Mode) ([]byte, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	info, err := s.stat(name)
	if err != nil {
		return nil, err
	}
	if mode == Private && !info.IsDir() {
		if err := checkMode(s.path(name), info, fs.FileMode(mode)); err != nil {
			return nil, err
		}
	}
	data, err := s.root.ReadFile(name)
	if err != nil {
		return nil, inRoot(s.root, name, err)
	}
	return data, nil
}

// Exists reports whether there is a file or folder under a name.
func (s *Snapshot) Exists(name string) (bool, error) {
	if err := checkName(name); err != nil {
		return false, err
	}
	_, err := s.stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// List returns the names in a folder, sorted; none if there is no such folder.
func (s *Snapshot) List(folder string) ([]string, error) {
	if ok, err := s.Exists(folder); !ok || err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(s.root.FS(), folder)
	if err != nil {
		return nil, inRoot(s.root, folder, err)
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names, nil
}

func (s *Snapshot) stat(name string) (fs.FileInfo, error) {
	if s.root == nil {
		return nil, fmt.Errorf("%s: %w", s.path(name), fs.ErrNotExist)
	}
	info, err := s.root.Stat(name)
	if err != nil {
		return nil, inRoot(s.root, name, err)
	}
	return info, nil
}

func (s *Snapshot) path(name string) string {
	return filepath.Join(s.dir, filepath.FromSlash(name))
}

// checkName takes slash-separated relative paths that stay in the directory and
// clear of the store's own files.
func checkName(name string) error {
	first, _, _ := strings.Cut(name, "/")
	if !fs.ValidPath(name) || name == "." || first == metaDir || strings.ContainsAny(name, "\\\x00") {
		return fmt.Errorf("%q is not the name of a file in a trust directory", name)
	}
	return nil
}

// checkChangeable takes the names that a transaction may write or retire.
func checkChangeable(name string) error {
	if first, _, _ := strings.Cut(name, "/"); first == SupersededFolder {
		return fmt.Errorf("%q is superseded, and is not changed any more", name)
	}
	return checkName(name)
}
