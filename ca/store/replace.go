package store

import (
	"fmt"
	"io/fs"
	"path"
)

// Replace replaces a file that must not be kept, such as an unencrypted key, or that need not
// be kept, such as the previous CRL. It is the only change that removes content from the
// directory. It is one rename: at any time either file is there, complete.
//
// Before the transaction can be committed, the new file is on the disk, and check has
// accepted the content that was read back; an error of check fails the transaction. The old
// file has to be a regular one. Copies of it in free blocks of the disk, in backups and in
// snapshots of the file system remain.
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

// stageReplacement creates the folders of a staged file that replaces another.
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
