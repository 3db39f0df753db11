//go:build unix

package store

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The umask is one for the whole process: these tests are not parallel to others.
func setUmask(t *testing.T, mask int) {
	t.Helper()
	old := syscall.Umask(mask)
	t.Cleanup(func() { syscall.Umask(old) })
}

func TestUmask_Update(t *testing.T) {
	for _, mask := range []int{0, 0o022, 0o027, 0o077} {
		t.Run(fmt.Sprintf("%03o", mask), func(t *testing.T) {
			dir := newDir(t)
			setUmask(t, mask)
			s := open(t, dir)
			update(t, s, steps(write("folder/a", ""), write("b", "")))
			update(t, s, func(tx *Tx) error {
				if err := tx.Write("new/folder/cert", nil, Public); err != nil {
					return err
				}
				return steps(retire("folder"), write("new/folder/key", ""), retire("b"))(tx)
			})
			got := make(map[string]fs.FileMode)
			for name, e := range tree(t, dir) {
				if !strings.HasPrefix(name, SupersededFolder+"/") {
					got[name] = e.Mode
				}
			}
			want := map[string]fs.FileMode{
				".": fs.ModeDir | 0o700, ".trustgen": fs.ModeDir | 0o700, "superseded": fs.ModeDir | 0o700,
				"new": fs.ModeDir | 0o700, "new/folder": fs.ModeDir | 0o700,
				".trustgen/lock": 0o600, ".trustgen/version": 0o600,
				"new/folder/key": 0o600, "new/folder/cert": 0o644,
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("modes (-want +got):\n%s", diff)
			}
			for name, e := range tree(t, filepath.Join(dir, SupersededFolder)) {
				if want := map[bool]fs.FileMode{true: fs.ModeDir | 0o700, false: 0o600}[e.Mode.IsDir()]; e.Mode != want {
					t.Errorf("superseded %s has mode %v, expected %v", name, e.Mode, want)
				}
			}
		})
	}
}

func TestUmask_CreateFile(t *testing.T) {
	for _, mask := range []int{0, 0o022, 0o077} {
		for _, mode := range []Mode{Private, Public} {
			t.Run(fmt.Sprintf("mode %o, umask %03o", mode, mask), func(t *testing.T) {
				dir := t.TempDir()
				setUmask(t, mask)
				if err := CreateFile(filepath.Join(dir, "file"), nil, mode); err != nil {
					t.Fatal(err)
				}
				if got := tree(t, dir)["file"].Mode; got != fs.FileMode(mode) {
					t.Errorf("mode %v", got)
				}
			})
		}
	}
}
