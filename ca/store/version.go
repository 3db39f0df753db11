package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// Version is the version of the layout that this package supports.
const Version = 1

const (
	metaDir     = ".trustgen"
	versionFile = metaDir + "/version"
)

// VersionError means that a newer trustgen wrote the directory.
type VersionError struct {
	Dir     string
	Version int
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s has version %d of the layout, this trustgen knows versions up to %d", e.Dir, e.Version, Version)
}

// checkVersion reads the version marker. It reports false for an empty directory. A directory
// with other files is an error.
func checkVersion(root *os.Root) (bool, error) {
	data, err := root.ReadFile(versionFile)
	if errors.Is(err, fs.ErrNotExist) {
		return false, checkVacant(root)
	}
	path := filepath.Join(root.Name(), versionFile)
	if err != nil {
		return false, fmt.Errorf("%s: %w", path, cause(err))
	}
	version, err := strconv.Atoi(string(bytes.TrimSpace(data)))
	switch {
	case err != nil || version < 1:
		return false, fmt.Errorf("%s is damaged: it holds %.20q, expected a version number", path, data)
	case version > Version:
		return false, &VersionError{Dir: root.Name(), Version: version}
	}
	return true, nil
}

// checkVacant accepts an empty directory, and the empty folder that a process leaves if it is
// killed before it has written the marker.
func checkVacant(root *os.Root) error {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return fmt.Errorf("%s: %w", root.Name(), cause(err))
	}
	for _, entry := range entries {
		if entry.Name() != metaDir {
			return fmt.Errorf("%s is not empty and not a trust directory: it holds %s, but no %s", root.Name(), entry.Name(), versionFile)
		}
	}
	return nil
}

func writeVersion(root *os.Root) error {
	return replaceFile(root, versionFile, []byte(strconv.Itoa(Version)+"\n"))
}
