package store

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// createFile writes a new file and syncs it. Its name is durable only after its folder is
// synced as well.
func createFile(root *os.Root, name string, data []byte, mode Mode) (err error) {
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fs.FileMode(mode))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := file.Chmod(fs.FileMode(mode)); err != nil { // whatever the umask is
		return err
	}
	if _, err := file.Write(data); err != nil {
		return err
	}
	return file.Sync()
}

// unfinished is the suffix of an incomplete file of the store's own.
const unfinished = ".new"

// replaceFile writes a file of the store's own, atomically and durably.
func replaceFile(root *os.Root, name string, data []byte) error {
	temporary := name + unfinished
	if err := root.RemoveAll(temporary); err != nil {
		return err
	}
	if err := createFile(root, temporary, data, Private); err != nil {
		return err
	}
	if err := root.Rename(temporary, name); err != nil {
		return err
	}
	return syncDir(root, path.Dir(name))
}

func syncDir(root *os.Root, name string) (err error) {
	dir, err := root.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	return dir.Sync()
}

// syncs is the number of folders that are synced concurrently: a disk syncs several in the
// time of one.
const syncs = 16

func syncDirs(root *os.Root, names iter.Seq[string]) error {
	var group errgroup.Group
	group.SetLimit(syncs)
	for name := range names {
		group.Go(func() error {
			if err := syncDir(root, name); err != nil {
				return inRoot(root, name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// exists reports whether there is anything with a name. A file in the place of a parent
// folder is an error.
func exists(root *os.Root, name string) (bool, error) {
	_, err := root.Lstat(name)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	}
	return false, inRoot(root, name, err)
}

// inRoot adds the path to an error of an os.Root.
func inRoot(root *os.Root, name string, err error) error {
	return fmt.Errorf("%s: %w", filepath.Join(root.Name(), filepath.FromSlash(name)), cause(err))
}

// cause removes the operation and the relative path from an error of package os.
func cause(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	var linkError *os.LinkError
	if errors.As(err, &linkError) {
		return linkError.Err
	}
	return err
}

// CreateFile writes a file outside of any store, atomically and durably. The name has to be
// free.
func CreateFile(name string, data []byte, mode Mode) error {
	folder, base := filepath.Split(name)
	root, err := os.OpenRoot(filepath.Clean(folder))
	if err != nil {
		return fmt.Errorf("%s: %w", name, cause(err))
	}
	defer root.Close()
	temporary := fmt.Sprintf(".%s.%s", base, rand.Text())
	if err := createFile(root, temporary, data, mode); err != nil {
		_ = root.Remove(temporary)
		return fmt.Errorf("%s: %w", name, cause(err))
	}
	// Unlike a rename, a link never replaces an existing file.
	err = root.Link(temporary, base)
	if err := errors.Join(err, root.Remove(temporary), syncDir(root, ".")); err != nil {
		return fmt.Errorf("%s: %w", name, cause(err))
	}
	return nil
}
