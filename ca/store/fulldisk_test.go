//go:build unix

package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// limitFiles lets no file of this process grow beyond a size, as a full disk does.
func limitFiles(t *testing.T, size uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	old := limit.Cur
	limit.Cur = size
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		limit.Cur = old
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Error(err)
		}
	})
}

func TestUpdate_FullDisk(t *testing.T) {
	if !isChild(t) {
		runChild(t, child(t, nil))
		return
	}
	long := strings.Repeat("x", 1000)
	short := steps() // whose record is longer than its files
	for i := range 20 {
		short = steps(short, write(fmt.Sprintf("short/%d", i), "x"), write(strconv.Itoa(i), "x"))
	}
	for what, test := range map[string]struct {
		size   uint64
		change func(*Tx) error
	}{
		"there is no room at all":            {0, write("new", "x")},
		"there is no room for a file":        {999, steps(retire("a"), write("a/b", "new"), write("a/c", long))},
		"there is no room for the record":    {200, short},
		"there is one byte less than needed": {uint64(len(long)) - 1, write("new", long)},
	} {
		t.Run(what, func(t *testing.T) {
			for place, s := range map[string]*Store{
				"a directory": fill(t, map[string]string{"a/b": "old", "c": "old"}),
				"a new one":   open(t, newDir(t)),
			} {
				t.Run(place, func(t *testing.T) {
					if place == "a new one" && what == "there is no room for a file" {
						test.change = write("a/c", long)
					}
					before := tree(t, s.Dir())
					limitFiles(t, test.size)
					if err := s.Update(t.Context(), test.change); !errors.Is(err, syscall.EFBIG) {
						t.Errorf("Update = %v, expected that the file is too large", err)
					}
					sameTree(t, s.Dir(), before)
				})
			}
		})
	}
}

func TestUpdate_FullDiskIgnoredByTheFunction(t *testing.T) {
	if !isChild(t) {
		runChild(t, child(t, nil))
		return
	}
	s := fill(t, map[string]string{"a": "old"})
	before := tree(t, s.Dir())
	limitFiles(t, 900)
	err := s.Update(t.Context(), func(tx *Tx) error {
		if tx.Write("new", make([]byte, 1000), Private) == nil {
			t.Error("there is room")
		}
		return nil
	})
	if !errors.Is(err, syscall.EFBIG) {
		t.Errorf("Update = %v, expected that the file is too large", err)
	}
	sameTree(t, s.Dir(), before)
}

func TestView_FullDisk(t *testing.T) {
	if !isChild(t) {
		runChild(t, child(t, nil))
		return
	}
	s := fill(t, changeBefore)
	killedAfterCommit(t, s, change, 2)
	limitFiles(t, 0)
	wantFinished(t, s)
}

func TestCreateFile_OnAFullDisk(t *testing.T) {
	if !isChild(t) {
		runChild(t, child(t, nil))
		return
	}
	dir := t.TempDir()
	before := tree(t, dir)
	limitFiles(t, 900)
	if err := CreateFile(filepath.Join(dir, "file"), make([]byte, 1000), Private); !errors.Is(err, syscall.EFBIG) {
		t.Errorf("CreateFile = %v, expected that the file is too large", err)
	}
	sameTree(t, dir, before)
}
