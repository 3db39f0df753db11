package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/go-cmp/cmp"
)

// These tests run in bubbles, where the clock jumps as soon as everybody waits.

// hold uses a directory for a time, and returns once it does.
func hold(t *testing.T, s *Store, d time.Duration, change func(*Tx) error) (done <-chan error) {
	t.Helper()
	began, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- s.Update(t.Context(), func(tx *Tx) error {
			close(began)
			<-time.After(d)
			return change(tx)
		})
	}()
	<-began
	return ended
}

// waiters are the ways to use a directory that wait for others.
func waiters() map[string]func(context.Context, *Store) error {
	return map[string]func(context.Context, *Store) error{
		"View":   func(ctx context.Context, s *Store) error { return s.View(ctx, func(*Snapshot) error { return nil }) },
		"Update": func(ctx context.Context, s *Store) error { return s.Update(ctx, func(*Tx) error { return nil }) },
	}
}

func TestLock_WaitsUntilTheDirectoryIsFree(t *testing.T) {
	for what, wait := range waiters() {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := fill(t, nil)
				start := time.Now()
				done := hold(t, s, 3*time.Second, write("a", "new"))
				if err := wait(t.Context(), open(t, s.Dir())); err != nil {
					t.Error(err)
				}
				if waited := time.Since(start); waited < 3*time.Second || waited > 3*time.Second+lockPoll {
					t.Errorf("waited %v, expected 3s and at most %v more", waited, lockPoll)
				}
				if err := <-done; err != nil {
					t.Error(err)
				}
				wantFiles(t, s.Dir(), map[string]string{"a": "new"})
			})
		})
	}
}

func TestLock_TimesOutAndNamesTheHolder(t *testing.T) {
	for what, wait := range waiters() {
		for _, timeout := range []time.Duration{0, time.Second, time.Minute} {
			t.Run(fmt.Sprintf("%s, timeout %v", what, timeout), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := fill(t, nil)
					done := hold(t, s, time.Hour, steps())
					other, err := Open(t.Context(), s.Dir(), Options{LockTimeout: timeout})
					if err != nil {
						t.Fatal(err)
					}
					start := time.Now()
					wantLockedError(t, wait(t.Context(), other), &LockedError{
						Dir:    s.Dir(),
						Holder: fmt.Sprintf("pid %d, the test", os.Getpid()),
					})
					if timeout == 0 {
						timeout = DefaultLockTimeout
					}
					if waited := time.Since(start); waited != timeout {
						t.Errorf("waited %v, expected %v", waited, timeout)
					}
					if err := <-done; err != nil {
						t.Error(err)
					}
				})
			})
		}
	}
}

func wantLockedError(t *testing.T, err error, want *LockedError) {
	t.Helper()
	var got *LockedError
	if !errors.As(err, &got) {
		t.Fatalf("error %v, expected that the directory is locked", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	for _, part := range []string{want.Dir, want.Holder} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not name %q", err, part)
		}
	}
}

func TestLock_EndsWithTheContext(t *testing.T) {
	for what, wait := range waiters() {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := fill(t, nil)
				done := hold(t, s, time.Hour, steps())
				ctx, cancel := context.WithTimeoutCause(t.Context(), 2*time.Second, errOfChange)
				defer cancel()
				start := time.Now()
				if err := wait(ctx, open(t, s.Dir())); !errors.Is(err, context.DeadlineExceeded) || errors.As(err, new(*LockedError)) {
					t.Errorf("error %v, expected that of the context", err)
				}
				if waited := time.Since(start); waited != 2*time.Second {
					t.Errorf("waited %v, expected 2s", waited)
				}
				<-done
			})
		})
	}
}

func TestLock_ReadersExcludeEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fill(t, nil)
		err := s.View(t.Context(), func(*Snapshot) error {
			return open(t, s.Dir()).View(t.Context(), func(*Snapshot) error { return nil })
		})
		if !errors.As(err, new(*LockedError)) {
			t.Errorf("error %v, expected that the directory is locked", err)
		}
	})
}

func TestOpen_WaitsOnlyToCompleteATransaction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fill(t, nil)
		done := hold(t, s, time.Hour, steps())
		start := time.Now()
		open(t, s.Dir())
		if waited := time.Since(start); waited != 0 {
			t.Errorf("waited %v", waited)
		}
		put(t, s.Dir(), commitFile, "{}")
		if _, err := Open(t.Context(), s.Dir(), Options{}); !errors.As(err, new(*LockedError)) {
			t.Errorf("error %v, expected that the directory is locked", err)
		}
		if err := os.Remove(s.path(commitFile)); err != nil {
			t.Error(err)
		}
		<-done
	})
}

func (s *Store) path(name string) string { return (&Snapshot{dir: s.dir}).path(name) }

// A process that waits has opened a lock that is gone when its holder takes the
// directory back.
func TestLock_DirectoryIsRemovedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := open(t, newDir(t))
		done := hold(t, first, time.Second, func(*Tx) error { return errOfChange })
		err := open(t, first.Dir()).Update(t.Context(), func(*Tx) error {
			t.Error("the function is called")
			return nil
		})
		if err == nil || !strings.Contains(err.Error(), "was removed by another process") {
			t.Errorf("Update = %v", err)
		}
		if err := <-done; !errors.Is(err, errOfChange) {
			t.Errorf("Update of the first = %v", err)
		}
		sameTree(t, first.Dir(), nil)
	})
}

func TestUpdate_FailureKeepsFilesOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := newDir(t)
		mkdir(t, filepath.Join(dir, metaDir))
		first := flock.New(filepath.Join(dir, lockFile))
		tryLock(t, first)
		done := make(chan error)
		go func() { done <- open(t, dir).Update(t.Context(), func(*Tx) error { return errOfChange }) }()
		synctest.Wait() // the other has found nothing, and waits for the lock
		put(t, dir, versionFile, "1\n")
		put(t, dir, "a", "new")
		if err := first.Unlock(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, errOfChange) {
			t.Errorf("Update = %v", err)
		}
		wantFiles(t, dir, map[string]string{"a": "new"})
		open(t, dir)
	})
}

func tryLock(t *testing.T, l *flock.Flock) {
	t.Helper()
	if locked, err := l.TryLock(); err != nil || !locked {
		t.Fatalf("lock: %t, %v", locked, err)
	}
}

func TestCurrent(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	l := flock.New(name)
	tryLock(t, l)
	defer func() { _ = l.Unlock() }()
	if !current(l, name) {
		t.Error("a lock that has its name is not current")
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if current(l, name) {
		t.Error("a lock without a name is current")
	}
	put(t, filepath.Dir(name), filepath.Base(name), "")
	if current(l, name) {
		t.Error("a lock whose name another file has is current")
	}
}

func TestHolder_Unknown(t *testing.T) {
	s := fill(t, nil)
	put(t, s.Dir(), lockFile, " \n")
	if got := holder(s.path(lockFile)); got != "another process" {
		t.Errorf("holder %q", got)
	}
	if got := holder(s.path("missing")); got != "another process" {
		t.Errorf("holder %q", got)
	}
}

func TestHolder_Default(t *testing.T) {
	s, err := Open(t.Context(), newDir(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, steps())
	if got := holder(s.path(lockFile)); !strings.HasPrefix(got, fmt.Sprintf("pid %d, store", os.Getpid())) {
		t.Errorf("holder %q", got)
	}
}
