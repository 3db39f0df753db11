package fabric_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/fabric"
)

func TestMain(m *testing.M) {
	useMemory()
	goleak.VerifyTestMain(m)
}

// useMemory puts the directories of the tests on a file system in memory, if the machine has one: a
// disk takes most of the time of a test to sync its files. Package store tests what a crash leaves.
func useMemory() {
	const memory = "/dev/shm"
	if os.Getenv("TMPDIR") != "" {
		return
	}
	if probe, err := os.MkdirTemp(memory, "fabric"); err == nil && os.Remove(probe) == nil {
		os.Setenv("TMPDIR", memory)
	}
}

// clock is a time that a test moves.
type clock struct{ now time.Time }

func newClock() *clock                   { return &clock{catest.Now()} }
func (c *clock) Now() time.Time          { return c.now }
func (c *clock) advance(d time.Duration) { c.now = c.now.Add(d) }

// open opens a fabric in a directory that does not exist yet.
func open(t *testing.T, c *clock) *fabric.Fabric {
	t.Helper()
	return reopen(t, filepath.Join(t.TempDir(), "trust"), c)
}

func reopen(t *testing.T, dir string, c *clock) *fabric.Fabric {
	t.Helper()
	return catest.Must(fabric.Open(t.Context(), dir, fabric.Options{Now: c.Now}))(t)
}

func ensure(t *testing.T, f *fabric.Fabric, o fabric.EnsureOptions, clusters ...string) fabric.EnsureResult {
	t.Helper()
	return catest.Must(f.Ensure(t.Context(), clusters, o))(t)
}

// actions are what Ensure did, by cluster.
func actions(r fabric.EnsureResult) map[string]fabric.Action {
	all := make(map[string]fabric.Action)
	for _, e := range r.Clusters {
		all[e.Cluster] = e.Action
	}
	return all
}

// tree is every file of a directory with its mode, except the lock.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "lock" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, dir+"/")
		files[name] = info.Mode().String() + "\n" + string(data)
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return files
}

// unchanged fails the test if a directory is not as it was.
func unchanged(t *testing.T, dir string, before map[string]string) {
	t.Helper()
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("%s has changed (-before +after):\n%s", dir, diff)
	}
}

// isA returns a function that reports whether an error is or wraps a T.
func isA[T error]() func(error) bool {
	return func(err error) bool {
		var target T
		return errors.As(err, &target)
	}
}

// canceled is a context that has ended.
func canceled(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
