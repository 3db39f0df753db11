package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/gofrs/flock"
	"github.com/google/go-cmp/cmp"
)

var errOfChange = errors.New("of the change")

// failures are the ways in which an update ends without a change, after it staged
// one. Each gets a function that ends the context.
func failures() map[string]func(*Tx, func()) error {
	return map[string]func(*Tx, func()) error{
		"the function returns an error": func(*Tx, func()) error { return errOfChange },
		"the context is cancelled":      func(_ *Tx, cancel func()) error { cancel(); return nil },
		"the function panics":           func(*Tx, func()) error { panic(errOfChange) },
		"the goroutine exits":           func(*Tx, func()) error { runtime.Goexit(); return nil },
	}
}

// updateInVain runs an update that fails in one of the ways of failures.
func updateInVain(ctx context.Context, s *Store, change func(*Tx) error, fail func(*Tx, func()) error) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if v := recover(); v != nil {
				err = v.(error)
			}
		}()
		err = errors.New("the goroutine exited")
		err = s.Update(ctx, func(tx *Tx) error {
			if err := change(tx); err != nil {
				panic(err)
			}
			return fail(tx, cancel)
		})
	}()
	<-done
	return err
}

func TestUpdate_FailureChangesNothing(t *testing.T) {
	t.Parallel()
	for what, fail := range failures() {
		for place, test := range map[string]struct {
			files  map[string]string
			change func(*Tx) error
		}{
			"with files": {
				files:  map[string]string{"folder/a": "old", "folder/b": "old", "c": "old"},
				change: steps(retire("folder"), write("folder/a", "new"), write("b", "new")),
			},
			"without files": {change: write("b", "new")},
		} {
			t.Run(what+", "+place, func(t *testing.T) {
				t.Parallel()
				s := fill(t, test.files)
				before := tree(t, s.Dir())
				if err := updateInVain(t.Context(), s, test.change, fail); err == nil {
					t.Error("there is no error")
				}
				sameTree(t, s.Dir(), before)
				wantUnlocked(t, s.Dir())
			})
		}
	}
}

func TestUpdate_DoesNotOverwriteANewFile(t *testing.T) {
	s := fill(t, map[string]string{"a": "old"})
	err := s.Update(t.Context(), func(tx *Tx) error {
		return errors.Join(write("b", "new")(tx), os.WriteFile(s.path("b"), []byte("somebody else's"), 0o600))
	})
	if !errors.Is(err, fs.ErrExist) || strings.Contains(err.Error(), "committed") {
		t.Errorf("Update = %v, expected that the name exists", err)
	}
	wantFiles(t, s.Dir(), map[string]string{"a": "old", "b": "somebody else's"})
	wantNoLeftovers(t, s.Dir())
}

func TestUpdate_FailureRemovesANewDirectory(t *testing.T) {
	t.Parallel()
	for place, prepare := range map[string]func(*testing.T, string){
		"a directory that was missing":  func(*testing.T, string) {},
		"an empty directory":            mkdir,
		"what a killed process left":    func(t *testing.T, dir string) { mkdir(t, filepath.Join(dir, metaDir)) },
		"a lock that a process left":    func(t *testing.T, dir string) { put(t, dir, lockFile, "") },
		"a marker that is not complete": func(t *testing.T, dir string) { put(t, dir, versionFile+unfinished, "") },
	} {
		for what, fail := range failures() {
			t.Run(place+", "+what, func(t *testing.T) {
				t.Parallel()
				dir := newDir(t)
				prepare(t, dir)
				_, err := os.Stat(dir)
				missing := errors.Is(err, fs.ErrNotExist)
				if err := updateInVain(t.Context(), open(t, dir), write("folder/a", "new"), fail); err == nil {
					t.Error("there is no error")
				}
				var want map[string]entry
				if !missing {
					want = map[string]entry{".": {Mode: fs.ModeDir | dirMode}}
				}
				sameTree(t, dir, want)
			})
		}
	}
}

func mkdir(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, dirMode); err != nil {
		t.Fatal(err)
	}
}

// wantUnlocked fails the test unless others can use the directory at once.
func wantUnlocked(t *testing.T, dir string) {
	t.Helper()
	l := flock.New(filepath.Join(dir, lockFile))
	tryLock(t, l)
	if err := l.Unlock(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir).View(t.Context(), func(*Snapshot) error { return nil }); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestUpdate_ReturnsTheErrorOfTheFunction(t *testing.T) {
	for what, s := range map[string]*Store{"of a directory": fill(t, nil), "of a missing one": open(t, newDir(t))} {
		t.Run(what, func(t *testing.T) {
			err := s.Update(t.Context(), func(*Tx) error { return errOfChange })
			if !errors.Is(err, errOfChange) || err.Error() != errOfChange.Error() {
				t.Errorf("Update = %v", err)
			}
		})
	}
}

func TestUpdate_EndedContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errOfChange)
	for what, s := range map[string]*Store{"a directory": fill(t, nil), "a missing one": open(t, newDir(t))} {
		t.Run("Update of "+what, func(t *testing.T) {
			before := tree(t, s.Dir())
			err := s.Update(ctx, func(*Tx) error { t.Error("the function is called"); return nil })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Update = %v", err)
			}
			sameTree(t, s.Dir(), before)
		})
	}
	t.Run("View", func(t *testing.T) {
		err := fill(t, nil).View(ctx, func(*Snapshot) error { t.Error("the function is called"); return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("View = %v", err)
		}
	})
}

func TestUpdate_ContextEndsDuringTheChange(t *testing.T) {
	s := fill(t, map[string]string{"a": "old"})
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Update(ctx, func(tx *Tx) error {
		cancel()
		return tx.Write("b", nil, Private)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Update = %v, expected that it is cancelled", err)
	}
	wantFiles(t, s.Dir(), map[string]string{"a": "old"})
}

func TestUpdate_CreatesTheDirectoryWithoutChanges(t *testing.T) {
	s := open(t, newDir(t))
	update(t, s, steps())
	want := map[string]entry{
		".":         {Mode: fs.ModeDir | dirMode},
		metaDir:     {Mode: fs.ModeDir | dirMode},
		lockFile:    {Mode: 0o600},
		versionFile: {Mode: 0o600, Data: "1\n"},
	}
	if diff := cmp.Diff(want, tree(t, s.Dir())); diff != "" {
		t.Errorf("directory (-want +got):\n%s", diff)
	}
}

func TestUpdate_DoesNotCreateTheParent(t *testing.T) {
	dir := filepath.Join(newDir(t), "trust")
	err := open(t, dir).Update(t.Context(), write("a", ""))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), dir) {
		t.Errorf("Update = %v", err)
	}
	sameTree(t, filepath.Dir(dir), nil)
}
