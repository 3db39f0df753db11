package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func write(name, data string) func(*Tx) error {
	return func(tx *Tx) error { return tx.Write(name, []byte(data), Private) }
}

func retire(name string) func(*Tx) error {
	return func(tx *Tx) error { return tx.Retire(name) }
}

func steps(all ...func(*Tx) error) func(*Tx) error {
	return func(tx *Tx) error {
		for _, step := range all {
			if err := step(tx); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestTx(t *testing.T) {
	t.Parallel()
	before := map[string]string{"a": "old a", "folder/b": "old b", "folder/deep/c": "old c"}
	for what, test := range map[string]struct {
		change func(*Tx) error
		want   map[string]string // what differs: "" is gone
	}{
		"nothing": {
			change: steps(),
		},
		"a file under a free name": {
			change: write("d", "new d"),
			want:   map[string]string{"d": "new d"},
		},
		"files in a folder that is missing": {
			change: steps(write("new/d", "new d"), write("new/deep/e", "new e"), write("new/f", "new f")),
			want:   map[string]string{"new/d": "new d", "new/deep/e": "new e", "new/f": "new f"},
		},
		"a file beside others": {
			change: write("folder/deep/d", "new d"),
			want:   map[string]string{"folder/deep/d": "new d"},
		},
		"a file that is retired": {
			change: retire("a"),
			want:   map[string]string{"a": "", "superseded/a/" + stamp: "old a"},
		},
		"a file that is retired and written again": {
			change: steps(retire("a"), write("a", "new a")),
			want:   map[string]string{"a": "new a", "superseded/a/" + stamp: "old a"},
		},
		"a file of a folder whose others stay": {
			change: steps(retire("folder/b"), write("folder/b", "new b")),
			want:   map[string]string{"folder/b": "new b", "superseded/folder/b/" + stamp: "old b"},
		},
		"a folder that is retired": {
			change: retire("folder"),
			want: map[string]string{
				"folder/b": "", "superseded/folder/" + stamp + "/b": "old b",
				"folder/deep/c": "", "superseded/folder/" + stamp + "/deep/c": "old c",
			},
		},
		"a folder that is retired and written again has only new files": {
			change: steps(retire("folder"), write("folder/b", "new b"), write("folder/d", "new d")),
			want: map[string]string{
				"folder/b": "new b", "folder/d": "new d",
				"folder/deep/c": "", "superseded/folder/" + stamp + "/deep/c": "old c",
				"superseded/folder/" + stamp + "/b": "old b",
			},
		},
		"a file that becomes a folder": {
			change: steps(retire("a"), write("a/b", "new")),
			want:   map[string]string{"a": "", "a/b": "new", "superseded/a/" + stamp: "old a"},
		},
		"a folder that becomes a file": {
			change: steps(retire("folder/deep"), write("folder/deep", "new")),
			want: map[string]string{
				"folder/deep": "new", "folder/deep/c": "",
				"superseded/folder/deep/" + stamp + "/c": "old c",
			},
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := fill(t, before)
			update(t, s, test.change)
			wantFiles(t, s.Dir(), with(before, test.want))
			wantNoLeftovers(t, s.Dir())
		})
	}
}

// with applies differences, of which an empty one takes a file away.
func with(files, changes map[string]string) map[string]string {
	result := make(map[string]string)
	for _, all := range []map[string]string{files, changes} {
		for name, data := range all {
			if result[name] = data; data == "" {
				delete(result, name)
			}
		}
	}
	return result
}

func TestTx_RefusesChanges(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct {
		before func(*Tx) error // what goes well
		change func(*Tx) error
		want   error
		text   string
	}{
		"write a name that exists":                         {change: write("a", ""), want: fs.ErrExist},
		"write a name that a folder has":                   {change: write("folder", ""), want: fs.ErrExist},
		"write a name twice":                               {before: write("new", ""), change: write("new", ""), want: fs.ErrExist},
		"write a name in a new folder twice":               {before: write("new/a", ""), change: write("new/a", ""), want: fs.ErrExist},
		"write a name that a new folder has":               {before: write("new/a", ""), change: write("new", ""), want: fs.ErrExist},
		"write below a new file":                           {before: write("new", ""), change: write("new/a", ""), want: fs.ErrExist},
		"write below a file":                               {change: write("a/b", ""), want: syscall.ENOTDIR},
		"write below a file in a folder":                   {change: write("folder/b/c/d", ""), want: syscall.ENOTDIR},
		"write where a link leads nowhere":                 {change: write("dangling", ""), want: fs.ErrExist},
		"write a retired name twice":                       {before: steps(retire("a"), write("a", "")), change: write("a", ""), want: fs.ErrExist},
		"retire a name that is free":                       {change: retire("new"), want: fs.ErrNotExist},
		"retire what was only written":                     {before: write("new", ""), change: retire("new"), want: fs.ErrNotExist},
		"retire below a file":                              {change: retire("a/b"), want: syscall.ENOTDIR},
		"retire a name twice":                              {before: retire("a"), change: retire("a"), want: fs.ErrNotExist},
		"retire a name that was written again":             {before: steps(retire("a"), write("a", "")), change: retire("a"), want: fs.ErrNotExist},
		"retire below what is retired":                     {before: retire("folder"), change: retire("folder/b"), want: fs.ErrNotExist},
		"retire a folder in which a file is retired":       {before: retire("folder/b"), change: retire("folder"), text: "was retired before"},
		"retire a folder in which a file is new":           {before: write("folder/new", ""), change: retire("folder"), text: "was written before"},
		"retire a folder in which a file is written again": {before: steps(retire("folder/b"), write("folder/b", "")), change: retire("folder"), text: "was written before"},
		"retire a folder in which a folder is new":         {before: write("folder/new/a", ""), change: retire("folder"), text: "was written before"},
		"retire a folder in which deep down is new":        {before: write("folder/deep/new", ""), change: retire("folder"), text: "was written before"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := fill(t, map[string]string{"a": "old a", "folder/b": "old b", "folder/deep/c": "old c"})
			symlink(t, "nowhere", filepath.Join(s.Dir(), "dangling"))
			before := tree(t, s.Dir())
			reached := false
			err := s.Update(t.Context(), func(tx *Tx) error {
				if test.before != nil {
					if err := test.before(tx); err != nil {
						return err
					}
				}
				reached = true
				return test.change(tx)
			})
			switch {
			case !reached:
				t.Fatalf("before the change: %v", err)
			case err == nil:
				t.Error("it is not refused")
			case test.want != nil && !errors.Is(err, test.want):
				t.Errorf("error %v, expected %v", err, test.want)
			case !strings.Contains(err.Error(), test.text):
				t.Errorf("error %v, expected %q in it", err, test.text)
			case !strings.Contains(err.Error(), s.Dir()):
				t.Errorf("error %v does not name the file", err)
			}
			sameTree(t, s.Dir(), before)
		})
	}
}

func TestTx_IgnoredRefusal(t *testing.T) {
	s := fill(t, map[string]string{"a": "old a"})
	update(t, s, func(tx *Tx) error {
		for _, refused := range []func(*Tx) error{write("a", ""), write("a/b", ""), retire("new"), write("../a", "")} {
			if refused(tx) == nil {
				t.Error("it is not refused")
			}
		}
		if err := tx.Write("b", []byte("new b"), Private); err != nil {
			return err
		}
		if err := tx.Write("b", []byte("again"), Private); !errors.Is(err, fs.ErrExist) {
			t.Errorf("Write = %v", err)
		}
		return nil
	})
	wantFiles(t, s.Dir(), map[string]string{"a": "old a", "b": "new b"})
}

func TestRetire_InTheSameSecond(t *testing.T) {
	s := fill(t, map[string]string{"a": "0", "folder/b": "0"})
	for i := 1; i <= 3; i++ {
		next := strconv.Itoa(i)
		update(t, s, steps(retire("a"), write("a", next), retire("folder"), write("folder/b", next)))
	}
	wantFiles(t, s.Dir(), map[string]string{
		"a":                                 "3",
		"superseded/a/" + stamp:             "0",
		"superseded/a/" + stamp + "-2":      "1",
		"superseded/a/" + stamp + "-3":      "2",
		"folder/b":                          "3",
		"superseded/folder/" + stamp + "/b": "0",
		"superseded/folder/" + stamp + "-2" + "/b": "1",
		"superseded/folder/" + stamp + "-3" + "/b": "2",
	})
}

func TestRetire_SkipsTheNameOfADanglingLink(t *testing.T) {
	s := fill(t, map[string]string{"a": "1"})
	link := filepath.Join(s.Dir(), SupersededFolder, "a", stamp)
	if err := os.MkdirAll(filepath.Dir(link), dirMode); err != nil {
		t.Fatal(err)
	}
	symlink(t, "nowhere", link)
	update(t, s, steps(retire("a"), write("a", "2")))
	wantFiles(t, s.Dir(), map[string]string{"superseded/a/" + stamp + "-2": "1", "a": "2"})
}

func TestRetire_NamesFilesAfterUTC(t *testing.T) {
	s := fill(t, map[string]string{"a": "old"})
	s.options.Now = func() time.Time { return now.In(time.FixedZone("east", 5*60*60)) }
	update(t, s, retire("a"))
	wantFiles(t, s.Dir(), map[string]string{"superseded/a/" + stamp: "old"})
}

func TestWrite_FromManyGoroutines(t *testing.T) {
	const writers, folders = 64, 5
	s := fill(t, map[string]string{"retired/old": "old", "kept/old": "old"})
	want := map[string]string{"superseded/retired/" + stamp + "/old": "old", "kept/old": "old", "contested/file": "data"}
	var won atomic.Int32
	update(t, s, func(tx *Tx) error {
		if err := tx.Retire("retired"); err != nil {
			return err
		}
		var group sync.WaitGroup
		for i := range writers {
			name := fmt.Sprintf("%s/%d/%d", []string{"retired", "kept", "new"}[i%3], i%folders, i)
			want[name] = name
			group.Go(func() {
				if err := tx.Write(name, []byte(name), Public); err != nil {
					t.Error(err)
				}
				switch err := tx.Write("contested/file", []byte("data"), Public); {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, fs.ErrExist):
					t.Error(err)
				}
			})
		}
		group.Wait()
		return nil
	})
	wantFiles(t, s.Dir(), want)
	if n := won.Load(); n != 1 {
		t.Errorf("%d wrote the same name, expected one", n)
	}
}

func TestUpdate_FromManyGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // none waits for the lock too long
		s := open(t, newDir(t))
		want := make(map[string]string)
		var group sync.WaitGroup
		for i := range 8 {
			name := fmt.Sprintf("folder/%d", i)
			want[name] = name
			group.Go(func() {
				if err := s.Update(t.Context(), write(name, name)); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		wantFiles(t, s.Dir(), want)
	})
}

func TestRetire_FromManyGoroutines(t *testing.T) {
	s := fill(t, map[string]string{"a": "old"})
	var won atomic.Int32
	update(t, s, func(tx *Tx) error {
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				if tx.Retire("a") == nil {
					won.Add(1)
				}
			})
		}
		group.Wait()
		return nil
	})
	if n := won.Load(); n != 1 {
		t.Errorf("%d retired the same name, expected one", n)
	}
	if diff := cmp.Diff(map[string]string{"superseded/a/" + stamp: "old"}, files(t, s.Dir())); diff != "" {
		t.Error(diff)
	}
}
