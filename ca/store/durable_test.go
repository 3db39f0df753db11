package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCreateFile(t *testing.T) {
	for _, mode := range []Mode{Private, Public} {
		t.Run(fmt.Sprintf("mode %o", mode), func(t *testing.T) {
			dir := t.TempDir()
			if err := CreateFile(filepath.Join(dir, "file"), []byte("data"), mode); err != nil {
				t.Fatal(err)
			}
			want := map[string]entry{".": tree(t, dir)["."], "file": {Mode: fs.FileMode(mode), Data: "data"}}
			if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
				t.Errorf("folder (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCreateFile_InTheWorkingFolder(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := CreateFile("file", []byte("data"), Private); err != nil {
		t.Fatal(err)
	}
	wantFiles(t, dir, map[string]string{"file": "data"})
}

func TestCreateFile_Refuses(t *testing.T) {
	for what, test := range map[string]struct {
		name string
		want error // nil: any
	}{
		"the name of a file":                  {"file", fs.ErrExist},
		"the name of a folder":                {"folder", fs.ErrExist},
		"the name of a link to a file":        {"link", fs.ErrExist},
		"the name of a link to nowhere":       {"dangling", fs.ErrExist},
		"a name in a folder that is missing":  {"missing/file", fs.ErrNotExist},
		"a name below a file":                 {"file/below", nil},
		"a folder's name with a slash":        {"folder/", nil},
		"a name that is free, with a slash":   {"free/", nil},
		"the folder itself":                   {".", nil},
		"the folder above":                    {"folder/..", nil},
		"a name that is longer than names be": {strings.Repeat("a", 300), nil},
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, "file", "old")
			put(t, dir, "folder/old", "old")
			symlink(t, "file", filepath.Join(dir, "link"))
			symlink(t, "nowhere", filepath.Join(dir, "dangling"))
			before := tree(t, dir)
			name := dir + "/" + test.name
			err := CreateFile(name, []byte("new"), Private)
			switch {
			case err == nil:
				t.Error("it is not refused")
			case test.want != nil && !errors.Is(err, test.want):
				t.Errorf("error %v, expected %v", err, test.want)
			case !strings.HasPrefix(err.Error(), name+": "):
				t.Errorf("error %v does not begin with the name", err)
			}
			sameTree(t, dir, before)
		})
	}
}

func TestCreateFile_FromManyGoroutines(t *testing.T) {
	dir := t.TempDir()
	var won atomic.Int32
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			switch err := CreateFile(filepath.Join(dir, "file"), []byte("data"), Private); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := won.Load(); n != 1 {
		t.Errorf("%d made the file, expected one", n)
	}
	wantFiles(t, dir, map[string]string{"file": "data"})
}

func TestCreateFile_AfterAKilledProcess(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, fmt.Sprintf(".file.%d", os.Getpid()), "of a process with the same id")
	if err := CreateFile(filepath.Join(dir, "file"), []byte("data"), Private); err != nil {
		t.Error(err)
	}
}
