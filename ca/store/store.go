package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"
)

// Store is a directory. It is safe for concurrent use.
type Store struct {
	dir     string
	options Options
}

// Options configure a store; the zero value is ready to use.
type Options struct {
	// Holder is the name of this process in the [LockedError] of others; empty means the
	// name of the program.
	Holder string
	// LockTimeout bounds the wait for other processes; zero means [DefaultLockTimeout].
	LockTimeout time.Duration
	// Now is the clock for the names of superseded files; nil means time.Now.
	Now func() time.Time
}

// Open opens a directory, and completes a committed transaction of a killed process. A
// directory that does not exist is treated as empty; the first [Store.Update] creates it.
//
// The error is a [*VersionError] for a directory of a newer version, a [*ModeError] for one
// with wider permissions than 0700, and a [*LockedError] if a transaction has to be
// completed while another process uses the directory.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	if o.Holder == "" {
		o.Holder = filepath.Base(os.Args[0])
	}
	if o.LockTimeout == 0 {
		o.LockTimeout = DefaultLockTimeout
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Store{dir: filepath.Clean(dir), options: o}
	root, err := s.open()
	if root == nil || err != nil {
		return s, err
	}
	defer root.Close()
	if left, err := exists(root, commitFile); err != nil || !left {
		return s, err
	}
	err = s.View(ctx, func(*Snapshot) error { return nil })
	return s, err
}

// Dir is the path of the directory, cleaned.
func (s *Store) Dir() string { return s.dir }

// View runs a function while no other process changes the directory, and returns its error.
func (s *Store) View(ctx context.Context, read func(*Snapshot) error) error {
	root, err := s.open()
	if err != nil {
		return err
	}
	if root == nil {
		return read(&Snapshot{dir: s.dir})
	}
	defer root.Close()
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := replay(root); err != nil {
		return fmt.Errorf("finish an interrupted transaction: %w", err)
	}
	return read(&Snapshot{dir: s.dir, root: root})
}

// open returns the directory if it contains a store, nil if it is empty or missing.
func (s *Store) open() (*os.Root, error) {
	info, err := os.Stat(s.dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("%s: %w", s.dir, cause(err))
	case !info.IsDir():
		return nil, fmt.Errorf("%s is a file, expected a directory", s.dir)
	}
	if err := checkMode(s.dir, info, dirMode); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.dir, cause(err))
	}
	found, err := checkVersion(root)
	if err != nil || !found {
		root.Close()
		return nil, err
	}
	return root, nil
}

// Update runs a function that changes the directory. It commits all of the changes, or none
// if the function returns an error or the context ends before the commit. After the commit
// the context is ignored. A missing directory is created; its parent must exist.
func (s *Store) Update(ctx context.Context, change func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err // before the directory is created
	}
	root, err := s.open()
	if err != nil {
		return err
	}
	vacant := root == nil
	if !vacant {
		root.Close()
	}
	made, err := s.makeDirs()
	if err != nil {
		return err
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	changed := false
	defer func() { // also when the function panics
		if vacant && !changed {
			s.removeVacant(made)
		}
	}()
	err = s.update(ctx, change)
	changed = err == nil
	return err
}

// makeDirs creates the folder for the lock. It reports whether it created the directory
// itself.
func (s *Store) makeDirs() (made bool, err error) {
	for _, dir := range []string{s.dir, filepath.Join(s.dir, metaDir)} {
		err := os.Mkdir(dir, dirMode)
		switch {
		case err == nil:
			made = made || dir == s.dir
		case !errors.Is(err, fs.ErrExist):
			return made, fmt.Errorf("make the directory %s: %w", dir, cause(err))
		}
	}
	return made, nil
}

func (s *Store) update(ctx context.Context, change func(*Tx) error) (err error) {
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return fmt.Errorf("%s: %w", s.dir, cause(err))
	}
	defer root.Close()
	if err := prepare(root); err != nil {
		return err
	}
	half := false
	defer func() { // also when the function panics
		if !half {
			err = errors.Join(err, abandon(root))
		}
	}()
	tx := newTx(s, root)
	if err := change(tx); err != nil {
		return err
	}
	if err := tx.commit(ctx); err != nil {
		return err
	}
	moved, err := replay(root)
	if err != nil && moved {
		half = true
		return fmt.Errorf("the changes are committed, and the next command finishes them: %w", err)
	}
	return err
}

// prepare writes a missing version marker, and completes or discards an interrupted
// transaction.
func prepare(root *os.Root) error {
	found, err := checkVersion(root)
	if err != nil {
		return err
	}
	if !found {
		if err := writeVersion(root); err != nil {
			return inRoot(root, versionFile, err)
		}
		if err := syncParent(root); err != nil {
			return err
		}
	}
	if _, err := replay(root); err != nil {
		return fmt.Errorf("finish an interrupted transaction: %w", err)
	}
	return discard(root)
}

// syncParent makes the name of a new directory durable.
func syncParent(root *os.Root) error {
	if err := syncDir(root, "."); err != nil {
		return inRoot(root, ".", err)
	}
	path, err := filepath.Abs(root.Name())
	if err != nil {
		return err
	}
	parent, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer parent.Close()
	return syncDir(parent, ".")
}

// removeVacant removes the files that Update created in a directory that is still empty.
func (s *Store) removeVacant(made bool) {
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return
	}
	defer root.Close()
	if left, err := exists(root, commitFile); err != nil || left || checkVacant(root) != nil {
		return
	}
	removeMeta(root)
	if made {
		_ = os.Remove(s.dir)
	}
}

// removeMeta removes the store's own files, the lock last. If another process creates a new
// lock meanwhile, the folder stays.
func removeMeta(root *os.Root) {
	entries, _ := fs.ReadDir(root.FS(), metaDir)
	for _, entry := range entries {
		if name := path.Join(metaDir, entry.Name()); name != lockFile {
			_ = root.RemoveAll(name)
		}
	}
	_ = root.Remove(lockFile)
	_ = root.Remove(metaDir)
}
