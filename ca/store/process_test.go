//go:build unix

package store

import (
	"fmt"
	"os"
	"testing"
	"testing/synctest"
)

func TestLock_OfAnotherProcess(t *testing.T) {
	if isChild(t) {
		holdInChild(t)
		return
	}
	s := fill(t, nil)
	holder, release := startHolder(t, s.Dir())
	for what, wait := range waiters() {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				wantLockedError(t, wait(t.Context(), open(t, s.Dir())), &LockedError{
					Dir:    s.Dir(),
					Holder: fmt.Sprintf("pid %d, the child", holder.Process.Pid),
				})
			})
		})
	}
	release()
	wantUnlocked(t, s.Dir())
	wantFiles(t, s.Dir(), map[string]string{"of-the-child": ""})
}

func TestLock_EndsWithItsProcess(t *testing.T) {
	if isChild(t) {
		holdInChild(t)
		return
	}
	s := fill(t, map[string]string{"a": "old"})
	holder, release := startHolder(t, s.Dir())
	if err := holder.Process.Signal(os.Kill); err != nil {
		t.Fatal(err)
	}
	release()
	wantUnlocked(t, s.Dir())
	wantFiles(t, s.Dir(), map[string]string{"a": "old"})
	update(t, s, write("b", "new"))
	wantFiles(t, s.Dir(), map[string]string{"a": "old", "b": "new"})
	wantNoLeftovers(t, s.Dir())
}
