package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOpen_Refuses(t *testing.T) {
	t.Parallel()
	for what, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"a marker without a number":    {map[string]string{versionFile: "one\n"}, "is damaged"},
		"an empty marker":              {map[string]string{versionFile: ""}, "is damaged"},
		"a marker of zeros":            {map[string]string{versionFile: "\x00\x00"}, "is damaged"},
		"version 0":                    {map[string]string{versionFile: "0\n"}, "is damaged"},
		"a negative version":           {map[string]string{versionFile: "-1\n"}, "is damaged"},
		"two versions":                 {map[string]string{versionFile: "1\n1\n"}, "is damaged"},
		"a folder for a marker":        {map[string]string{versionFile + "/a": ""}, "is a directory"},
		"a newer version":              {map[string]string{versionFile: "2\n"}, "has version 2"},
		"files, but no marker":         {map[string]string{"other": ""}, "it holds other"},
		"hidden files, but no marker":  {map[string]string{".git/config": ""}, "it holds .git"},
		"files beside a lost marker":   {map[string]string{"a": "", lockFile: ""}, "it holds a"},
		"a damaged marker and files":   {map[string]string{"a": "", versionFile: "?"}, "is damaged"},
		"a marker longer than a name":  {map[string]string{versionFile: strings.Repeat("1", 500)}, "is damaged"},
		"a newer version with a file ": {map[string]string{versionFile: "99", "a": ""}, "has version 99"},
	} {
		for user, use := range users() {
			t.Run(what+", "+user, func(t *testing.T) {
				t.Parallel()
				dir := newDir(t)
				for name, data := range test.files {
					put(t, dir, name, data)
				}
				before := tree(t, dir)
				err := use(t, dir)
				if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), dir) {
					t.Errorf("error %v, expected %q and the directory in it", err, test.want)
				}
				if err != nil && len(err.Error()) > 300+len(dir) {
					t.Errorf("the error has %d bytes", len(err.Error()))
				}
				sameTree(t, dir, before)
			})
		}
	}
}

func TestOpen_NewerVersion(t *testing.T) {
	s := fill(t, nil)
	put(t, s.Dir(), versionFile, "7\n")
	for user, use := range users() {
		t.Run(user, func(t *testing.T) {
			var got *VersionError
			if err := use(t, s.Dir()); !errors.As(err, &got) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(&VersionError{Dir: s.Dir(), Version: 7}, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOpen_File(t *testing.T) {
	path := newDir(t)
	put(t, filepath.Dir(path), filepath.Base(path), "data")
	for user, use := range users() {
		t.Run(user, func(t *testing.T) {
			if err := use(t, path); err == nil || !strings.Contains(err.Error(), path+" is a file") {
				t.Errorf("error %v", err)
			}
		})
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "data" {
		t.Errorf("the file holds %q, %v", data, err)
	}
}

func TestOpen_EmptyDirectory(t *testing.T) {
	t.Parallel()
	for what, prepare := range map[string]func(*testing.T, string){
		"missing":                              func(*testing.T, string) {},
		"empty":                                mkdir,
		"a process was killed before the lock": func(t *testing.T, dir string) { mkdir(t, filepath.Join(dir, metaDir)) },
		"a process was killed with the lock":   func(t *testing.T, dir string) { put(t, dir, lockFile, "pid 1, trustgen\n") },
		"a process was killed in the marker":   func(t *testing.T, dir string) { put(t, dir, versionFile+unfinished, "") },
	} {
		for user, use := range users() {
			t.Run(what+", "+user, func(t *testing.T) {
				t.Parallel()
				dir := newDir(t)
				prepare(t, dir)
				before := tree(t, dir)
				if err := use(t, dir); err != nil {
					t.Fatal(err)
				}
				if user != "Update" {
					sameTree(t, dir, before)
				}
				update(t, open(t, dir), write("a", "new"))
				wantFiles(t, dir, map[string]string{"a": "new"})
				wantNoLeftovers(t, dir)
			})
		}
	}
}
