package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
)

// replace takes whatever is read back.
func replace(name, data string) func(*Tx) error {
	return func(tx *Tx) error {
		return tx.Replace(name, []byte(data), Private, func([]byte) error { return nil })
	}
}

// wantNowhere fails the test if any file, the store's own included, holds a text.
func wantNowhere(t *testing.T, dir, text string) {
	t.Helper()
	for name, e := range tree(t, dir) {
		if strings.Contains(e.Data, text) {
			t.Errorf("%s holds %q", name, text)
		}
	}
}

var (
	replaceBefore = map[string]string{"key": "in the clear", "folder/key": "in the clear", "b": "old"}
	replaceChange = steps(replace("key", "encrypted"), replace("folder/key", "encrypted"), write("c", "new"))
	replaceAfter  = map[string]string{"key": "encrypted", "folder/key": "encrypted", "b": "old", "c": "new"}
	replaceMoves  = 3
)

func TestReplace_DoesNotKeepTheOldFile(t *testing.T) {
	t.Parallel()
	s := fill(t, replaceBefore)
	if err := os.Chmod(s.path("key"), 0o400); err != nil {
		t.Fatal(err)
	}
	update(t, s, replaceChange)
	wantFiles(t, s.Dir(), replaceAfter)
	wantNoLeftovers(t, s.Dir())
	wantNowhere(t, s.Dir(), "in the clear")
	for _, name := range []string{"key", "folder/key"} {
		if mode := tree(t, s.Dir())[name].Mode; mode != fs.FileMode(Private) {
			t.Errorf("%s has mode %v", name, mode)
		}
	}
}

func TestReplace_CompletesFromEveryMove(t *testing.T) {
	t.Parallel()
	for moves := range replaceMoves + 1 {
		for user, use := range users() {
			t.Run(fmt.Sprintf("after %d moves, %s", moves, user), func(t *testing.T) {
				t.Parallel()
				s := fill(t, replaceBefore)
				killedAfterCommit(t, s, replaceChange, moves)
				if err := use(t, s.Dir()); err != nil {
					t.Fatal(err)
				}
				wantFiles(t, s.Dir(), replaceAfter)
				wantNowhere(t, s.Dir(), "in the clear")
				update(t, s, steps())
				wantFiles(t, s.Dir(), replaceAfter)
				wantNoLeftovers(t, s.Dir())
			})
		}
	}
}

func TestReplace_UncommittedKeepsTheOldFile(t *testing.T) {
	for user, use := range users() {
		t.Run(user, func(t *testing.T) {
			s := fill(t, replaceBefore)
			killedBeforeCommit(t, s, replaceChange)
			if err := use(t, s.Dir()); err != nil {
				t.Fatal(err)
			}
			wantFiles(t, s.Dir(), replaceBefore)
			update(t, s, replaceChange)
			wantFiles(t, s.Dir(), replaceAfter)
		})
	}
}

func TestReplace_ReadsBackBeforeTheCommit(t *testing.T) {
	s := fill(t, replaceBefore)
	var got, old string
	update(t, s, func(tx *Tx) error {
		return tx.Replace("key", []byte("encrypted"), Private, func(readBack []byte) error {
			data, err := tx.Read("key", Private)
			got, old = string(readBack), string(data)
			return err
		})
	})
	if got != "encrypted" || old != "in the clear" {
		t.Errorf("read back was %q while the old file was %q", got, old)
	}
}

func TestReplace_RejectedByCheck(t *testing.T) {
	s := fill(t, replaceBefore)
	before := tree(t, s.Dir())
	err := s.Update(t.Context(), func(tx *Tx) error {
		_ = tx.Replace("key", []byte("bad"), Private, func([]byte) error { return errOfChange })
		return nil
	})
	if !errors.Is(err, errOfChange) || !strings.Contains(err.Error(), s.path("key")) {
		t.Errorf("Update = %v, expected the error of the check with the file", err)
	}
	sameTree(t, s.Dir(), before)
}

func TestReplace_FailedTransaction(t *testing.T) {
	for what, fail := range failures() {
		t.Run(what, func(t *testing.T) {
			s := fill(t, replaceBefore)
			before := tree(t, s.Dir())
			if err := updateInVain(t.Context(), s, replaceChange, fail); err == nil {
				t.Error("there is no error")
			}
			sameTree(t, s.Dir(), before)
		})
	}
}

func TestReplace_Refuses(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct {
		before, change func(*Tx) error
		want           error
		text           string
	}{
		"of a name that is free":           {change: replace("new", ""), want: fs.ErrNotExist},
		"of a name that was only written":  {before: write("new", ""), change: replace("new", ""), want: fs.ErrNotExist},
		"of a retired name":                {before: retire("b"), change: replace("b", ""), want: fs.ErrNotExist},
		"of a file in a retired folder":    {before: retire("folder"), change: replace("folder/key", ""), want: fs.ErrNotExist},
		"of a name that was written again": {before: steps(retire("b"), write("b", "")), change: replace("b", ""), want: fs.ErrNotExist},
		"of a name twice":                  {before: replace("key", ""), change: replace("key", ""), want: fs.ErrExist},
		"of a folder":                      {change: replace("folder", ""), text: "is not a regular file"},
		"of a link":                        {change: replace("link", ""), text: "is not a regular file"},
		"of the store's own file":          {change: replace(versionFile, ""), text: "is not the name of a file"},
		"of a superseded file":             {change: replace("superseded/a", ""), text: "is superseded"},
		"and the name is written":          {before: replace("key", ""), change: write("key", ""), want: fs.ErrExist},
		"and the name is retired":          {before: replace("key", ""), change: retire("key"), text: "was replaced before"},
		"and the folder around is retired": {before: replace("folder/key", ""), change: retire("folder"), text: "was written before"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := fill(t, replaceBefore)
			if err := os.Symlink("key", s.path("link")); err != nil {
				t.Fatal(err)
			}
			before := tree(t, s.Dir())
			err := s.Update(t.Context(), func(tx *Tx) error {
				if test.before != nil {
					if err := test.before(tx); err != nil {
						t.Fatal(err)
					}
				}
				err := test.change(tx)
				if err == nil || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
					t.Errorf("got the error %v, want %v with %q", err, test.want, test.text)
				}
				return err
			})
			if err == nil {
				t.Error("the transaction is committed")
			}
			sameTree(t, s.Dir(), before)
		})
	}
}
