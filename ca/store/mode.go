package store

import (
	"fmt"
	"io/fs"
)

// Mode is the permission of a file.
type Mode fs.FileMode

// The modes that a file can have.
const (
	Public  Mode = 0o644 // certificates
	Private Mode = 0o600 // keys
)

const dirMode fs.FileMode = 0o700

// ModeError means that users other than the owner can read private data.
type ModeError struct {
	// Path is the file or directory.
	Path string
	// Mode is its mode, Want the widest allowed one.
	Mode, Want fs.FileMode
}

func (e *ModeError) Error() string {
	return fmt.Sprintf("%s has mode %#o, expected %#o: others must not reach the keys in it (chmod %o %s)", e.Path, e.Mode, e.Want, e.Want, e.Path)
}

// checkMode refuses wider permissions.
func checkMode(path string, info fs.FileInfo, want fs.FileMode) error {
	if got := info.Mode().Perm(); got&^want != 0 {
		return &ModeError{Path: path, Mode: got, Want: want}
	}
	return nil
}
