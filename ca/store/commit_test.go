package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// killedBeforeCommit leaves a directory as a process does that is killed while it
// stages a change.
func killedBeforeCommit(t *testing.T, s *Store, change func(*Tx) error) *Tx {
	t.Helper()
	root, err := os.OpenRoot(s.Dir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	tx := newTx(s, root)
	if err := change(tx); err != nil {
		t.Fatal(err)
	}
	return tx
}

// killedAfterCommit leaves a directory as a process does that is killed after it
// made some moves of a committed change.
func killedAfterCommit(t *testing.T, s *Store, change func(*Tx) error, moves int) {
	t.Helper()
	tx := killedBeforeCommit(t, s, change)
	if err := tx.commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range tx.moves()[:moves] {
		mkdir(t, filepath.Join(s.Dir(), filepath.FromSlash(path.Dir(m.To))))
		rename(t, s, m.From, m.To)
	}
}

func rename(t *testing.T, s *Store, from, to string) {
	t.Helper()
	if err := os.Rename(s.path(from), s.path(to)); err != nil {
		t.Fatal(err)
	}
}

// The change of the tests below, its five moves, and what it makes of a directory.
var (
	changeBefore = map[string]string{"a/key": "old", "a/cert": "old", "b": "old", "kept/x": "old"}
	change       = steps(
		retire("a"), write("a/key", "new"), write("a/cert", "new"),
		retire("b"), write("b", "new"),
		write("kept/y", "new"),
	)
	changeMoves = 5
	changeAfter = map[string]string{
		"a/key": "new", "a/cert": "new", "b": "new", "kept/x": "old", "kept/y": "new",
		"superseded/a/20260102T030405Z/key":  "old",
		"superseded/a/20260102T030405Z/cert": "old",
		"superseded/b/20260102T030405Z":      "old",
	}
)

func TestReplay_CompletesFromEveryMove(t *testing.T) {
	t.Parallel()
	for moves := range changeMoves + 1 {
		for user, use := range users() {
			t.Run(fmt.Sprintf("after %d moves, %s", moves, user), func(t *testing.T) {
				t.Parallel()
				s := fill(t, changeBefore)
				killedAfterCommit(t, s, change, moves)
				if err := use(t, s.Dir()); err != nil {
					t.Fatal(err)
				}
				wantFiles(t, s.Dir(), changeAfter)
				if _, err := os.Lstat(s.path(commitFile)); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("the record is still there: %v", err)
				}
				update(t, s, steps())
				wantFiles(t, s.Dir(), changeAfter)
				wantNoLeftovers(t, s.Dir())
			})
		}
	}
}

func TestMoves(t *testing.T) {
	tx := killedBeforeCommit(t, fill(t, changeBefore), change)
	want := []move{
		{From: "a", To: "superseded/a/" + stamp},
		{From: stagingDir + "/a", To: "a"},
		{From: "b", To: "superseded/b/" + stamp},
		{From: stagingDir + "/b", To: "b"},
		{From: stagingDir + "/kept/y", To: "kept/y"},
	}
	if diff := cmp.Diff(want, tx.moves()); diff != "" || len(want) != changeMoves {
		t.Errorf("moves (-want +got):\n%s", diff)
	}
}

func TestReplay_CompletesAfterCreatedFolders(t *testing.T) {
	s := fill(t, changeBefore)
	killedAfterCommit(t, s, change, 0)
	mkdir(t, s.path("superseded/a"))
	wantFinished(t, s)
}

func wantFinished(t *testing.T, s *Store) {
	t.Helper()
	open(t, s.Dir())
	wantFiles(t, s.Dir(), changeAfter)
}

func TestReplay_CanBeInterrupted(t *testing.T) {
	s := fill(t, changeBefore)
	killedAfterCommit(t, s, change, 1)
	record, err := os.ReadFile(s.path(commitFile))
	if err != nil {
		t.Fatal(err)
	}
	open(t, s.Dir())
	put(t, s.Dir(), commitFile, string(record)) // as if the removal had not reached the disk
	wantFinished(t, s)
}

func TestView_CompletesACommittedChange(t *testing.T) {
	s := fill(t, changeBefore)
	killedAfterCommit(t, s, change, 3)
	if data, err := viewRead(t, s, "b", Private); err != nil || string(data) != "new" {
		t.Errorf("Read = %q, %v", data, err)
	}
}

func TestUpdate_CompletesACommittedChangeFirst(t *testing.T) {
	s := fill(t, changeBefore)
	killedAfterCommit(t, s, change, 2)
	update(t, s, steps(retire("b"), write("b", "newer")))
	wantFiles(t, s.Dir(), with(changeAfter, map[string]string{
		"b": "newer", "superseded/b/" + stamp + "-2": "new",
	}))
}

func TestUpdate_DiscardsStagedFiles(t *testing.T) {
	t.Parallel()
	leftovers := map[string]func(*testing.T, *Store){
		"the process was killed while it staged": func(t *testing.T, s *Store) {
			killedBeforeCommit(t, s, change)
		},
		"the process was killed in the record": func(t *testing.T, s *Store) {
			killedBeforeCommit(t, s, change)
			put(t, s.Dir(), commitFile+unfinished, `{"moves":[{"from":"b",`)
		},
		"the process was killed in a file": func(t *testing.T, s *Store) {
			put(t, s.Dir(), stagingDir+"/a/key", "ne")
		},
	}
	for what, leave := range leftovers {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := fill(t, changeBefore)
			leave(t, s)
			before := tree(t, s.Dir())
			for _, user := range []string{"Open", "View"} {
				if err := users()[user](t, s.Dir()); err != nil {
					t.Errorf("%s: %v", user, err)
				}
				sameTree(t, s.Dir(), before)
			}
			update(t, s, steps())
			wantNoLeftovers(t, s.Dir())
			leave(t, s)
			update(t, s, change)
			wantFiles(t, s.Dir(), changeAfter)
			wantNoLeftovers(t, s.Dir())
		})
	}
}

func TestReplay_RefusesADamagedRecord(t *testing.T) {
	t.Parallel()
	for what, data := range map[string]string{
		"it is empty":                     "",
		"it is cut off":                   `{"moves":[{"from":".trustgen/staging/c","to":"c"}`,
		"it is zeros":                     strings.Repeat("\x00", 100),
		"it is no object":                 `[]`,
		"it moves nothing":                `{"moves":[]}`,
		"it has no moves":                 `{}`,
		"something follows it":            moveJSON(".trustgen/staging/c", "c") + "{}",
		"it installs above":               moveJSON(".trustgen/staging/../../c", "../c"),
		"it installs below the root":      moveJSON(".trustgen/staging/etc/c", "/etc/c"),
		"it installs under another name":  moveJSON(".trustgen/staging/c", "d"),
		"it installs a marker":            moveJSON(".trustgen/staging/.trustgen/version", ".trustgen/version"),
		"it installs what is superseded":  moveJSON(".trustgen/staging/superseded/c", "superseded/c"),
		"it installs from another folder": moveJSON("a", "c"),
		"it installs everything":          moveJSON(".trustgen/staging", "."),
		"it retires to another folder":    moveJSON("a", "superseded/b/time"),
		"it retires to a name deep down":  moveJSON("a", "superseded/a/time/deep"),
		"it retires above":                moveJSON("a", "superseded/a/../../../a"),
		"it retires to no name":           moveJSON("a", "superseded/a/"),
		"it retires what is superseded":   moveJSON("superseded/a", "superseded/superseded/a/time"),
		"it retires a marker":             moveJSON(".trustgen/version", "superseded/.trustgen/version/time"),
		"it retires to replace":           `{"moves":[{"from":"a","to":"superseded/a/time","replaces":true}]}`,
		"it retires everything":           moveJSON(".", "superseded/time"),
		"its last move is bad":            `{"moves":[{"from":".trustgen/staging/c","to":"c"},{"from":"a","to":"c"}]}`,
	} {
		for user, use := range users() {
			t.Run(what+", "+user, func(t *testing.T) {
				t.Parallel()
				s := fill(t, map[string]string{"a": "old"})
				put(t, s.Dir(), stagingDir+"/c", "new")
				put(t, s.Dir(), commitFile, data)
				before := tree(t, s.Dir())
				err := use(t, s.Dir())
				if err == nil || !strings.Contains(err.Error(), s.path(commitFile)) || !strings.Contains(err.Error(), "damaged") {
					t.Errorf("error %v, expected that the record is damaged", err)
				}
				sameTree(t, s.Dir(), before)
			})
		}
	}
}

func moveJSON(from, to string) string {
	data, err := json.Marshal(record{Moves: []move{{From: from, To: to}}})
	if err != nil {
		panic(err)
	}
	return string(data)
}

func TestReplay_DoesNotOverwriteANewFile(t *testing.T) {
	for user, use := range users() {
		t.Run(user, func(t *testing.T) {
			s := fill(t, changeBefore)
			killedAfterCommit(t, s, change, 3)
			put(t, s.Dir(), "b", "somebody else's")
			before := tree(t, s.Dir())
			if err := use(t, s.Dir()); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), s.path("b")) {
				t.Errorf("error %v, expected that %s exists", err, s.path("b"))
			}
			sameTree(t, s.Dir(), before)
			if err := os.Remove(s.path("b")); err != nil {
				t.Fatal(err)
			}
			wantFinished(t, s)
		})
	}
}

func TestUpdate_ReportsACommittedChange(t *testing.T) {
	s := fill(t, changeBefore)
	err := s.Update(t.Context(), func(tx *Tx) error {
		return errors.Join(change(tx), os.WriteFile(s.path("kept/y"), []byte("somebody else's"), 0o600))
	})
	if !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), "the changes are committed, and the next command finishes them") {
		t.Errorf("Update = %v", err)
	}
	if err := os.Remove(s.path("kept/y")); err != nil {
		t.Fatal(err)
	}
	wantFinished(t, s)
}
