package store

import (
	"fmt"
	"io/fs"
	"path"
)

// Replace puts a file in the place of one that must not be kept, such as a key in the
// clear, or need not, since the new one says all that it said, as the next CRL does: it is
// the only change after which the old content is nowhere in the directory any more. One
// rename does it, so that at any time there is one of the two, whole.
//
// The new file is on the disk, and check has taken what was read back of it, before the
// transaction can be committed; the error of check fails it. The old file has to be a
// regular one. What the disk itself keeps of it, and what backups and snapshots hold,
// is out of reach.
func (tx *Tx) Replace(name string, data []byte, mode Mode, check func(readBack []byte) error) error {
	if err := checkChangeable(name); err != nil {
		return err
	}
	if err := tx.stageReplacement(name); err != nil {
		return err
	}
	staged := path.Join(stagingDir, name)
	if err := createFile(tx.root, staged, data, mode); err != nil {
		err = inRoot(tx.root, name, err)
		tx.fail(err)
		return err
	}
	readBack, err := tx.root.ReadFile(staged)
	if err == nil {
		err = check(readBack)
	}
	if err != nil {
		err = fmt.Errorf("replace %s: read back: %w", tx.path(name), cause(err))
		tx.fail(err)
	}
	return err
}

// stageReplacement makes the folders of a staged file that takes the place of another.
func (tx *Tx) stageReplacement(name string) error {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	info, err := tx.root.Lstat(name)
	switch {
	case err == nil && tx.isRetired(name):
		return fmt.Errorf("replace %s: it was retired before: %w", tx.path(name), fs.ErrNotExist)
	case err != nil:
		return fmt.Errorf("replace %s: %w", tx.path(name), cause(err))
	case !info.Mode().IsRegular():
		return fmt.Errorf("replace %s: it is not a regular file, and what it leads to would be kept", tx.path(name))
	case tx.replace[name]:
		return fmt.Errorf("replace %s: it was replaced before: %w", tx.path(name), fs.ErrExist)
	}
	if err := tx.makeDirs(path.Dir(name)); err != nil {
		return err
	}
	tx.install[name], tx.replace[name] = true, true
	return nil
}
