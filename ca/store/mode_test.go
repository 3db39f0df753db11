package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOpen_RefusesWidePermissions(t *testing.T) {
	for _, mode := range []fs.FileMode{0o755, 0o750, 0o710, 0o701, 0o702, 0o777} {
		for user, use := range users() {
			t.Run(fmt.Sprintf("%s, mode %o", user, mode), func(t *testing.T) {
				s := fill(t, map[string]string{"a": "old"})
				chmod(t, s.Dir(), mode)
				before := tree(t, s.Dir())
				want := &ModeError{Path: s.Dir(), Mode: mode, Want: 0o700}
				wantModeError(t, use(t, s.Dir()), want, "(chmod 700 "+s.Dir()+")")
				sameTree(t, s.Dir(), before)
			})
		}
	}
}

func TestOpen_RefusesWidePermissionsOfAnEmptyDirectory(t *testing.T) {
	dir := t.TempDir()
	chmod(t, dir, 0o755)
	for user, use := range users() {
		t.Run(user, func(t *testing.T) {
			wantModeError(t, use(t, dir), &ModeError{Path: dir, Mode: 0o755, Want: 0o700}, "(chmod 700 "+dir+")")
		})
	}
	sameTree(t, dir, map[string]entry{".": {Mode: fs.ModeDir | 0o755}})
}

func TestRead_RefusesWidePermissions(t *testing.T) {
	for _, mode := range []fs.FileMode{0o644, 0o640, 0o604, 0o601, 0o660, 0o700} {
		t.Run(fmt.Sprintf("mode %o", mode), func(t *testing.T) {
			s := fill(t, map[string]string{"folder/key": "data"})
			path := filepath.Join(s.Dir(), "folder", "key")
			chmod(t, path, mode)
			_, err := viewRead(t, s, "folder/key", Private)
			wantModeError(t, err, &ModeError{Path: path, Mode: mode, Want: 0o600}, "(chmod 600 "+path+")")
			if data, err := viewRead(t, s, "folder/key", Public); err != nil || string(data) != "data" {
				t.Errorf("what may be public: %q, %v", data, err)
			}
		})
	}
}

func TestOpen_AcceptsNarrowPermissions(t *testing.T) {
	s := fill(t, map[string]string{"key": "data"})
	chmod(t, filepath.Join(s.Dir(), "key"), 0o400)
	if data, err := viewRead(t, s, "key", Private); err != nil || string(data) != "data" {
		t.Errorf("Read = %q, %v", data, err)
	}
}

func wantModeError(t *testing.T, err error, want *ModeError, hint string) {
	t.Helper()
	var got *ModeError
	if !errors.As(err, &got) {
		t.Fatalf("error %v, expected a mode error", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	if !strings.Contains(err.Error(), hint) {
		t.Errorf("error %q, expected %q in it", err, hint)
	}
}

func chmod(t *testing.T, path string, mode fs.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
