package kill

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Exit codes of the program.
const (
	exitOK       = 0
	exitNoResult = 3
)

// Files of the store.
const (
	commitRecord  = ".trustgen/commit"
	stagingFolder = ".trustgen/staging"
)

var (
	issuance     = []string{"intermediate", "--cluster", "east", "--cluster", "west"}
	renewal      = append([]string{"intermediate", "--renew"}, issuance[1:]...)
	renewalMoves = 4 // two CA bundles are replaced by two
)

// scenario is a command that is killed at every point.
type scenario struct {
	prepare [][]string        // commands that make the directory
	renewal func(call) bool   // when a later renewal is killed; no renewal if nil
	files   map[string]string // files of mode 0600, beside the directory
	args    []string

	// before and after are the numbers of files of the trust directory. A directory with a committed
	// change has no before.
	before, after int
	committed     bool

	// check inspects a directory in which the command was killed, and reports whether the next
	// command finished the change. ended inspects a directory in which the command ended.
	check func(*testing.T, *directory) (finished bool)
	ended func(*testing.T, *directory, traced)

	// Minimum numbers of points, of undone commands, and of finished commands.
	points, undone, finished int
}

// program is the program under test.
type program string

func newProgram(t *testing.T) program {
	t.Helper()
	path := os.Getenv("TRUSTGEN_E2E_BIN")
	if path == "" {
		t.Fatal("TRUSTGEN_E2E_BIN does not name the program under test: run make e2e")
	}
	return program(path)
}

// everywhere runs a command in copies of a directory: killed at its first call that changes
// files, at the second, and so on, until it ends.
func (p program) everywhere(t *testing.T, s scenario) {
	t.Helper()
	template := p.template(t, s)
	undone, finished := 0, 0
	for n := 1; ; n++ {
		d := newDirectory(t, template, s)
		run := trace(t, d.work, p.argv(s.args), atCall(n))
		if !run.Killed {
			d.point = "not killed"
			if run.Code != exitOK {
				t.Errorf("exit code %d: %s", run.Code, run.Output)
			}
			s.ended(t, d, run)
			t.Logf("%d points, %d undone, %d finished", n-1, undone, finished)
			if n-1 < s.points || undone < s.undone || finished < s.finished {
				t.Errorf("%d points, %d undone, %d finished, want at least %d, %d and %d", n-1, undone, finished, s.points, s.undone, s.finished)
			}
			return
		}
		d.point = fmt.Sprintf("killed at point %d, %v", n, run.Calls[n-1])
		if s.check(t, d) {
			finished++
		} else {
			undone++
		}
		if t.Failed() {
			return // the other points would report the same
		}
		if err := os.RemoveAll(d.work); err != nil {
			t.Fatal(err)
		}
	}
}

// atCall kills at the call with this number, counted from 1.
func atCall(n int) func(call) bool {
	return func(call) bool { n--; return n == 0 }
}

// template creates the directory with which every run begins.
func (p program) template(t *testing.T, s scenario) string {
	t.Helper()
	work := t.TempDir()
	for _, args := range s.prepare {
		p.run(t, work, args...).want(t, "prepare", exitOK)
	}
	if s.renewal != nil {
		if !trace(t, work, p.argv(renewal), s.renewal).Killed {
			t.Fatal("the renewal ended")
		}
		if _, err := os.Stat(filepath.Join(work, "trust", commitRecord)); err != nil {
			t.Fatalf("the renewal is not committed: %v", err)
		}
	}
	return work
}

func (p program) argv(args []string) []string { return append([]string{string(p)}, args...) }

// result is the result of a command that was not killed.
type result struct {
	args        []string
	code        int
	out, errOut string
}

func (p program) run(t *testing.T, work string, args ...string) result {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(t.Context(), string(p), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = work, &out, &errOut
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return result{args, cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

func (r result) want(t *testing.T, point string, code int) {
	t.Helper()
	if r.code != code {
		t.Errorf("%s: %s: exit code %d, want %d: %s", point, strings.Join(r.args, " "), r.code, code, r.errOut)
	}
}

func TestKill_Issuance(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	for name, s := range map[string]scenario{
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
		"intermediate that finishes a renewal": finishing(2, 20, issuance...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p.everywhere(t, p.issues(s))
		})
	}
	for moves := range renewalMoves + 1 {
		t.Run(fmt.Sprintf("list that finishes a renewal after %d of its moves", moves), func(t *testing.T) {
			t.Parallel()
			p.everywhere(t, p.issues(finishing(moves, 12, "list")))
		})
	}
}

// finishing is a command in a directory whose renewal was killed after this number of moves.
func finishing(moves, points int, args ...string) scenario {
	return scenario{
		prepare:   [][]string{issuance},
		renewal:   afterMoves(moves),
		args:      args,
		after:     24,
		committed: true,
		points:    points,
	}
}

// afterMoves kills when a committed renewal has made this number of moves.
func afterMoves(moves int) func(call) bool {
	committed, made := false, 0
	return func(c call) bool {
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

// issues checks the guarantees for commands that issue: before the next command, after one that
// only reads, and after one that issues.
func (p program) issues(s scenario) scenario {
	s.finished = 5
	if !s.committed {
		s.undone = 5
	}
	s.check = func(t *testing.T, d *directory) bool {
		d.checkBundles(t)
		d.checkKeys(t, d.keys)
		committed := d.committedKeys(t)

		list := p.run(t, d.work, "list", "-o", "json")
		finished := d.checkWhole(t)
		d.checkListed(t, list)
		d.checkBundles(t)
		d.checkKeys(t, committed)

		p.run(t, d.work, issuance...).want(t, d.point, exitOK)
		d.checkBundles(t)
		d.checkKeys(t, committed)
		d.checkComplete(t)
		return finished
	}
	s.ended = func(t *testing.T, d *directory, run traced) {
		d.checkCount(t)
		d.checkBundles(t)
		for _, name := range []string{"openat", "mkdirat", "write", "fsync", "renameat", "unlinkat"} {
			if !slices.ContainsFunc(run.Calls, func(c call) bool { return c.Name == name }) && len(s.prepare) == 0 {
				t.Errorf("no %s was traced", name)
			}
		}
	}
	return s
}

// TestKill_Secret kills a command that writes outside of the directory.
func TestKill_Secret(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	args := []string{"secret", "--cluster", "east", "--out", "east.yaml"}
	check := func(t *testing.T, d *directory) (written bool) {
		want := p.run(t, d.work, "secret", "--cluster", "east")
		want.want(t, d.point, exitOK)
		data, err := os.ReadFile(filepath.Join(d.work, "east.yaml"))
		switch {
		case errors.Is(err, os.ErrNotExist):
			p.run(t, d.work, args...).want(t, d.point, exitOK)
		case err != nil || string(data) != want.out:
			t.Errorf("%s: the file has %d bytes, want %d: %v", d.point, len(data), len(want.out), err)
		}
		d.checkUnchanged(t)
		return err == nil
	}
	p.everywhere(t, scenario{
		prepare: [][]string{issuance},
		args:    args,
		check:   check,
		ended: func(t *testing.T, d *directory, _ traced) {
			if !check(t, d) {
				t.Error("no file was written")
			}
		},
		points: 8, undone: 5, finished: 1,
	})
}
