package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// badNames are refused whoever asks.
var badNames = map[string]string{
	"nothing":                          "",
	"the directory itself":             ".",
	"what is above the directory":      "..",
	"a way up":                         "../a",
	"a way up and down again":          "a/../b",
	"an absolute path":                 "/a",
	"a trailing slash":                 "a/",
	"two slashes":                      "a//b",
	"a dot":                            "./a",
	"a dot in the middle":              "a/./b",
	"the store's folder":               ".trustgen",
	"the store's record":               ".trustgen/commit",
	"a staged name":                    ".trustgen/staging/a",
	"the separator of another system":  `a\b`,
	"a NUL":                            "a\x00b",
	"bytes that are not UTF-8":         "a\xffb",
	"a way up by another's separators": `..\a`,
}

func TestNames_Refused(t *testing.T) {
	t.Parallel()
	for what, name := range badNames {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := fill(t, map[string]string{"a/b": "old"})
			before := tree(t, s.Dir())
			update(t, s, func(tx *Tx) error {
				_, read := tx.Read(name, Public)
				_, exists := tx.Exists(name)
				_, list := tx.List(name)
				for method, err := range map[string]error{
					"Read": read, "Exists": exists, "List": list,
					"Write": tx.Write(name, nil, Public), "Retire": tx.Retire(name),
				} {
					if err == nil {
						t.Errorf("%s(%q) is not refused", method, name)
					}
				}
				return nil
			})
			sameTree(t, s.Dir(), before)
		})
	}
}

func TestNames_SupersededAreReadOnly(t *testing.T) {
	s := fill(t, map[string]string{"a": "old"})
	update(t, s, func(tx *Tx) error { return tx.Retire("a") })
	before := tree(t, s.Dir())
	update(t, s, func(tx *Tx) error {
		if data, err := tx.Read("superseded/a/"+stamp, Private); err != nil || string(data) != "old" {
			t.Errorf("Read = %q, %v", data, err)
		}
		if names, err := tx.List("superseded/a"); err != nil || !cmp.Equal(names, []string{stamp}) {
			t.Errorf("List = %q, %v", names, err)
		}
		for _, name := range []string{"superseded", "superseded/a", "superseded/a/" + stamp, "superseded/new"} {
			if err := tx.Write(name, nil, Public); err == nil {
				t.Errorf("Write(%q) is not refused", name)
			}
			if err := tx.Retire(name); err == nil {
				t.Errorf("Retire(%q) is not refused", name)
			}
		}
		return nil
	})
	sameTree(t, s.Dir(), before)
}

func TestRead(t *testing.T) {
	s := fill(t, map[string]string{"folder/file": "data"})
	for what, test := range map[string]struct {
		name string
		want error
	}{
		"a file":                              {name: "folder/file"},
		"a file that is missing":              {"folder/other", fs.ErrNotExist},
		"a file in a folder that is missing":  {"other/file", fs.ErrNotExist},
		"a folder":                            {"folder", syscall.EISDIR},
		"a file below what is not a folder":   {"folder/file/below", syscall.ENOTDIR},
		"a file that is superseded, but none": {"superseded/folder/file", fs.ErrNotExist},
	} {
		t.Run(what, func(t *testing.T) {
			data, err := viewRead(t, s, test.name, Private)
			if !errors.Is(err, test.want) {
				t.Errorf("Read = %v, expected %v", err, test.want)
			}
			if test.want == nil && string(data) != "data" {
				t.Errorf("Read = %q", data)
			}
		})
	}
}

func TestRead_DoesNotFollowLinksOut(t *testing.T) {
	s := fill(t, nil)
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	symlink(t, outside, filepath.Join(s.Dir(), "way-out"))
	if data, err := viewRead(t, s, "way-out", Public); err == nil {
		t.Errorf("Read = %q, expected an error", data)
	}
}

func viewRead(t *testing.T, s *Store, name string, mode Mode) (data []byte, err error) {
	t.Helper()
	viewErr := s.View(t.Context(), func(v *Snapshot) error {
		data, err = v.Read(name, mode)
		return nil
	})
	if viewErr != nil {
		t.Fatal(viewErr)
	}
	return data, err
}

func TestList(t *testing.T) {
	s := fill(t, map[string]string{"folder/b": "", "folder/a": "", "folder/c/d": "", "file": ""})
	for what, test := range map[string]struct {
		folder string
		want   []string
		refuse bool
	}{
		"names are sorted":                {folder: "folder", want: []string{"a", "b", "c"}},
		"a folder that is missing":        {folder: "other"},
		"a folder in one that is missing": {folder: "other/folder"},
		"a file":                          {folder: "file", refuse: true},
		"below a file":                    {folder: "file/folder", refuse: true},
	} {
		t.Run(what, func(t *testing.T) {
			err := s.View(t.Context(), func(v *Snapshot) error {
				got, err := v.List(test.folder)
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("List (-want +got):\n%s", diff)
				}
				return err
			})
			if (err != nil) != test.refuse {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestView_MissingDirectoryIsEmpty(t *testing.T) {
	s := open(t, newDir(t))
	err := s.View(t.Context(), func(v *Snapshot) error {
		if found, err := v.Exists("a"); found || err != nil {
			t.Errorf("Exists = %t, %v", found, err)
		}
		if names, err := v.List("a"); names != nil || err != nil {
			t.Errorf("List = %q, %v", names, err)
		}
		if _, err := v.Read("a", Public); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Read = %v, expected that it does not exist", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	sameTree(t, s.Dir(), nil)
}

func TestTx_ReadsTheDirectoryBeforeIt(t *testing.T) {
	s := fill(t, map[string]string{"a": "old"})
	update(t, s, func(tx *Tx) error {
		if err := errors.Join(tx.Retire("a"), tx.Write("a", []byte("new"), Private), tx.Write("b", nil, Private)); err != nil {
			return err
		}
		if data, err := tx.Read("a", Private); err != nil || string(data) != "old" {
			t.Errorf("Read = %q, %v", data, err)
		}
		if found, err := tx.Exists("b"); found || err != nil {
			t.Errorf("Exists = %t, %v", found, err)
		}
		return nil
	})
}

func TestView_ReturnsTheErrorOfTheFunction(t *testing.T) {
	want := errors.New("of the function")
	for what, s := range map[string]*Store{"of a directory": fill(t, nil), "of a missing one": open(t, newDir(t))} {
		t.Run(what, func(t *testing.T) {
			if err := s.View(t.Context(), func(*Snapshot) error { return want }); !errors.Is(err, want) {
				t.Errorf("View = %v", err)
			}
		})
	}
}

func symlink(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}
