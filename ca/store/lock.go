package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

const (
	lockFile = metaDir + "/lock"
	lockPoll = 10 * time.Millisecond
)

// DefaultLockTimeout is the default of Options.LockTimeout.
const DefaultLockTimeout = 5 * time.Second

// LockedError means that another process uses the directory.
type LockedError struct {
	Dir string
	// Holder is the name of the other process, for example "pid 4711, trustgen init".
	Holder string
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("%s is in use by %s", e.Dir, e.Holder)
}

// lock waits for exclusive use of the directory. The folder for the store's own files has to
// exist. The operating system releases the lock when the process ends.
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	wait, cancel := context.WithTimeout(ctx, s.options.LockTimeout)
	defer cancel()
	path := filepath.Join(s.dir, lockFile)
	l := flock.New(path, flock.SetPermissions(0o600))
	if err := s.await(ctx, wait, l); err != nil {
		return nil, err
	}
	if !current(l, path) {
		_ = l.Unlock()
		return nil, s.removedError()
	}
	s.sign(path)
	return func() { _ = l.Unlock() }, nil
}

func (s *Store) await(ctx, wait context.Context, l *flock.Flock) error {
	_, err := l.TryLockContext(wait, lockPoll)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		return &LockedError{Dir: s.dir, Holder: holder(l.Path())}
	case errors.Is(err, fs.ErrNotExist):
		return s.removedError()
	}
	return fmt.Errorf("%s: lock: %w", l.Path(), cause(err))
}

func (s *Store) removedError() error {
	return fmt.Errorf("%s was removed by another process meanwhile", s.dir)
}

// current reports whether the locked file still has its name: a process that fails to create
// the directory removes the file.
func current(l *flock.Flock, path string) bool {
	locked, err := l.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(locked, named)
}

// sign writes the name of the holder for other processes. In a read-only directory it writes
// nothing.
func (s *Store) sign(path string) {
	_ = os.WriteFile(path, []byte(fmt.Sprintf("pid %d, %s\n", os.Getpid(), s.options.Holder)), 0o600)
}

func holder(path string) string {
	data, err := os.ReadFile(path)
	if name := strings.TrimSpace(string(data)); err == nil && name != "" {
		return name
	}
	return "another process"
}
