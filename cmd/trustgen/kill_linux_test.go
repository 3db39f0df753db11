package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestKill kills the program at every call that changes files, one after the
// other, and looks at what it leaves. It is not parallel to the other tests, of
// which some are impatient.
func TestKill(t *testing.T) {
	k := killer{binary: buildBinary(t)}
	for name, s := range map[string]killScenario{
		"init in a new directory": {
			args: []string{"init"}, after: 4, points: 25,
		},
		"intermediate in a new directory": {
			args: issuance, after: 14, points: 60,
		},
		"intermediate in a directory with a root": {
			prepare: [][]string{{"init"}},
			args:    issuance,
			before:  4, after: 14, points: 50,
		},
		"intermediate that renews": {
			prepare: [][]string{issuance},
			args:    renewal,
			before:  14, after: 24, points: 60,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k.everywhere(t, s)
		})
	}
	for moves := range renewalMoves + 1 {
		t.Run(fmt.Sprintf("list that finishes a renewal after %d of its moves", moves), func(t *testing.T) {
			t.Parallel()
			k.everywhere(t, finishing(moves, 12, "list"))
		})
	}
	t.Run("init that encrypts the key of the root", func(t *testing.T) {
		t.Parallel()
		k.encryption(t)
	})
	t.Run("intermediate that finishes a renewal", func(t *testing.T) {
		t.Parallel()
		k.everywhere(t, finishing(2, 20, issuance...))
	})
}

var (
	issuance     = []string{"intermediate", "--cluster", "east", "--cluster", "west"}
	renewal      = append([]string{"intermediate", "--renew"}, issuance[1:]...)
	renewalMoves = 4 // two sets go, two come
)

// finishing is a command that finds a renewal which was killed, and is killed
// itself.
func finishing(moves, points int, args ...string) killScenario {
	return killScenario{
		prepare:  [][]string{issuance},
		killed:   afterMoves(moves),
		args:     args,
		after:    24,
		finishes: true,
		points:   points,
	}
}

// afterMoves is when a committed renewal has made so many of its moves.
func afterMoves(moves int) func(fileCall) bool {
	committed, made := false, 0
	return func(c fileCall) bool {
		switch {
		case c.Name == "renameat" && strings.HasSuffix(c.Path, commitRecord):
			committed = true
		case committed && c.Name == "renameat":
			made++
			return made > moves
		case committed && c.Name == "unlinkat":
			return true // all moves are made
		}
		return false
	}
}

// The store's own files, of which these tests know two.
const (
	commitRecord  = ".trustgen/commit"
	stagingFolder = ".trustgen/staging"
)

// killScenario is a command that is killed at every point.
type killScenario struct {
	prepare [][]string          // commands that make the directory
	killed  func(fileCall) bool // when a renewal was killed in it, if one was
	args    []string
	// before and after are the numbers of files that there may be.
	before, after int
	// finishes says that the directory holds a committed change: there is no before.
	finishes bool
	points   int // at least
}

type killer struct{ binary string }

// everywhere runs a command in copies of a directory: killed at its first call that
// changes files, at its second, and so on, until it is not killed any more.
func (k killer) everywhere(t *testing.T, s killScenario) {
	template := k.template(t, s)
	undone, finished := 0, 0
	for n := 1; ; n++ {
		d := newKilledDir(t, template)
		run := trace(t, d.work, append([]string{k.binary}, s.args...), atCall(n))
		if !run.Killed {
			k.ended(t, d, s, run)
			wantPoints(t, s, n-1)
			wantBoth(t, s, undone, finished)
			return
		}
		d.point = fmt.Sprintf("killed at point %d, %v", n, run.Calls[n-1])
		if k.recovers(t, d, s) {
			finished++
		} else {
			undone++
		}
		if t.Failed() {
			return // the other points would say the same
		}
		if err := os.RemoveAll(d.work); err != nil {
			t.Fatal(err)
		}
	}
}

func wantPoints(t *testing.T, s killScenario, points int) {
	t.Helper()
	t.Logf("%d kill points", points)
	if points < s.points {
		t.Errorf("%d kill points, expected at least %d: some calls are not seen", points, s.points)
	}
}

// wantBoth expects that the next command has undone and finished some each.
func wantBoth(t *testing.T, s killScenario, undone, finished int) {
	t.Helper()
	t.Logf("the next command undid %d and finished %d", undone, finished)
	if finished < 5 || undone < 5 && !s.finishes {
		t.Errorf("%d undone and %d finished, expected more of each", undone, finished)
	}
}

// atCall kills at the call with a number; the first is 1.
func atCall(n int) func(fileCall) bool {
	return func(fileCall) bool { n--; return n == 0 }
}

// template makes the directory that every run begins with.
func (k killer) template(t *testing.T, s killScenario) string {
	t.Helper()
	work := t.TempDir()
	for _, args := range s.prepare {
		k.run(t, work, args...).want(t, exitFine)
	}
	if s.killed != nil {
		if !trace(t, work, append([]string{k.binary}, renewal...), s.killed).Killed {
			t.Fatal("the renewal came to its end")
		}
		if _, err := os.Stat(filepath.Join(work, "trust", commitRecord)); err != nil {
			t.Fatalf("the renewal is not committed: %v", err)
		}
	}
	return work
}

// ended is for the run that was not killed.
func (k killer) ended(t *testing.T, d *killedDir, s killScenario, run traced) {
	t.Helper()
	if run.Code != exitFine {
		t.Errorf("exit code %d: %s", run.Code, run.Output)
	}
	d.point = "not killed"
	if got := len(d.files(t)); got != s.after {
		t.Errorf("%d files, expected %d", got, s.after)
	}
	d.wantMatchingSets(t)
	for _, name := range []string{"openat", "mkdirat", "write", "fsync", "renameat", "unlinkat"} {
		if !slices.ContainsFunc(run.Calls, func(c fileCall) bool { return c.Name == name }) && len(s.prepare) == 0 {
			t.Errorf("no %s was seen", name)
		}
	}
}

// recovers holds a directory in which a command was killed against what is
// promised: before the next command, after one that only looks, and after one that
// changes it. It reports whether the killed command was finished.
func (k killer) recovers(t *testing.T, d *killedDir, s killScenario) (finished bool) {
	t.Helper()
	d.wantMatchingSets(t)
	d.wantKeys(t, d.keys)
	committed := d.committedKeys(t)

	list := k.run(t, d.work, "list", "-o", "json")
	finished = d.wantWhole(t, s)
	d.wantListed(t, list)
	d.wantMatchingSets(t)
	d.wantKeys(t, committed)

	k.run(t, d.work, issuance...).wantAt(t, d.point, exitFine)
	d.wantMatchingSets(t)
	d.wantKeys(t, committed)
	d.wantComplete(t)
	return finished
}

// commandResult is what a command did that was not killed.
type commandResult struct {
	args        []string
	code        int
	out, errOut string
}

func (k killer) run(t *testing.T, work string, args ...string) commandResult {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(t.Context(), k.binary, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = work, &out, &errOut
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return commandResult{args, cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

func (r commandResult) want(t *testing.T, code int) {
	t.Helper()
	r.wantAt(t, "", code)
}

func (r commandResult) wantAt(t *testing.T, point string, code int) {
	t.Helper()
	if r.code != code {
		t.Errorf("%s: %s: exit code %d, expected %d: %s", point, strings.Join(r.args, " "), r.code, code, r.errOut)
	}
}

// TestKillSecret does the same to a command that writes outside of the directory.
func TestKillSecret(t *testing.T) {
	k := killer{binary: buildBinary(t)}
	s := killScenario{prepare: [][]string{issuance}}
	d := newKilledDir(t, k.template(t, s))
	want := k.run(t, d.work, "secret", "--cluster", "east")
	want.want(t, exitFine)
	for n := 1; ; n++ {
		out := fmt.Sprintf("secret-%d.yaml", n)
		args := []string{"secret", "--cluster", "east", "--out", out}
		run := trace(t, d.work, append([]string{k.binary}, args...), atCall(n))
		data, err := os.ReadFile(filepath.Join(d.work, out))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			k.run(t, d.work, args...).want(t, exitFine)
		case err != nil || string(data) != want.out:
			t.Errorf("point %d: the file holds %d bytes, expected %d: %v", n, len(data), len(want.out), err)
		}
		d.wantUnchanged(t)
		if !run.Killed {
			wantPoints(t, killScenario{points: 8}, n-1)
			return
		}
	}
}
