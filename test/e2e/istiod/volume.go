package istiod

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A volume is a directory whose files change atomically, like a Secret that a kubelet mounts:
// each file is a link into ..data, which is a link to the current directory, and which a rename
// replaces.
type volume string

// Names that the kubelet uses.
const (
	dataLink    = "..data"
	newDataLink = "..data_tmp"
)

// write replaces the files of the volume, in the order of the AtomicWriter of the kubelet.
func (v volume) write(files map[string][]byte) error {
	if err := os.MkdirAll(string(v), 0o700); err != nil {
		return err
	}
	old, err := os.Readlink(v.path(dataLink))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	data, err := v.store(files)
	if err != nil {
		return err
	}
	if err := os.Symlink(data, v.path(newDataLink)); err != nil {
		return err
	}
	if err := os.Rename(v.path(newDataLink), v.path(dataLink)); err != nil {
		return err
	}
	if err := v.link(files); err != nil {
		return err
	}
	if old == "" {
		return nil
	}
	return os.RemoveAll(v.path(old))
}

// store writes files to a new directory in the volume, and returns its name.
func (v volume) store(files map[string][]byte) (string, error) {
	dir, err := os.MkdirTemp(string(v), "..")
	if err != nil {
		return "", err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return "", err
		}
	}
	return filepath.Base(dir), nil
}

// link adds links to new files, and removes links to removed files.
func (v volume) link(files map[string][]byte) error {
	for name := range files {
		err := os.Symlink(filepath.Join(dataLink, name), v.path(name))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	entries, err := os.ReadDir(string(v))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if _, ok := files[entry.Name()]; ok || strings.HasPrefix(entry.Name(), "..") {
			continue
		}
		if err := os.Remove(v.path(entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (v volume) path(name string) string { return filepath.Join(string(v), name) }
