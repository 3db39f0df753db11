package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// SupersededFolder is the folder of retired files: superseded/<name>/<time>.
const SupersededFolder = "superseded"

// Snapshot is the directory at a time when nobody changes it. It is valid inside the function
// that receives it.
type Snapshot struct {
	dir  string
	root *os.Root // nil while there is no directory
}

// Read returns the content of a file. The error is an fs.ErrNotExist for a missing file, and
// a [*ModeError] for a private one with wider permissions.
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

// Exists reports whether there is a file or folder with a name.
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

// List returns the sorted names in a folder, none if the folder does not exist.
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

// checkName accepts slash-separated relative paths within the directory, except for the
// store's own files.
func checkName(name string) error {
	first, _, _ := strings.Cut(name, "/")
	if !fs.ValidPath(name) || name == "." || first == metaDir || strings.ContainsAny(name, "\\\x00") {
		return fmt.Errorf("%q is not the name of a file in a trust directory", name)
	}
	return nil
}

// checkChangeable accepts the names that a transaction may write or retire.
func checkChangeable(name string) error {
	if first, _, _ := strings.Cut(name, "/"); first == SupersededFolder {
		return fmt.Errorf("%q is superseded, and is not changed any more", name)
	}
	return checkName(name)
}
