package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
)

const stagingDir = metaDir + "/staging"

// Tx is a transaction: a [Snapshot] of the directory before it, and changes. It is safe for
// concurrent use.
type Tx struct {
	Snapshot
	stamp string

	mu      sync.Mutex
	failed  error             // the error of a Write that left an incomplete file, which prevents the commit
	retired map[string]string // name -> superseded name
	order   []string          // the retired names, in the order of the calls
	made    map[string]bool   // folders in staging
	install map[string]bool   // the topmost staged names: one rename each
	replace map[string]bool   // those whose old file is replaced
}

func newTx(s *Store, root *os.Root) *Tx {
	return &Tx{
		Snapshot: Snapshot{dir: s.dir, root: root},
		stamp:    s.options.Now().UTC().Format("20060102T150405Z"),
		retired:  make(map[string]string),
		made:     make(map[string]bool),
		install:  make(map[string]bool),
		replace:  make(map[string]bool),
	}
}

// Write adds a file under a name that is free, or that this transaction has retired. The data
// is on the disk when Write returns, and in the directory when the transaction is
// committed.
func (tx *Tx) Write(name string, data []byte, mode Mode) error {
	if err := checkChangeable(name); err != nil {
		return err
	}
	if err := tx.stage(name); err != nil {
		return err
	}
	err := createFile(tx.root, path.Join(stagingDir, name), data, mode)
	if err == nil {
		return nil
	}
	err = inRoot(tx.root, name, err)
	if !errors.Is(err, fs.ErrExist) {
		tx.fail(err)
	}
	return err
}

func (tx *Tx) fail(err error) {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	tx.failed = errors.Join(tx.failed, err)
}

// Retire moves a file or folder to superseded/<name>/<time>. Its replacement is written
// afterwards. A folder in which this transaction has written or retired something is
// refused.
func (tx *Tx) Retire(name string) error {
	if err := checkChangeable(name); err != nil {
		return err
	}
	tx.mu.Lock()
	defer tx.mu.Unlock()
	found, err := exists(tx.root, name)
	if err != nil {
		return err
	}
	if !found || tx.isRetired(name) {
		return fmt.Errorf("retire %s: %w", tx.path(name), fs.ErrNotExist)
	}
	if tx.replace[name] {
		return fmt.Errorf("retire %s: it was replaced before", tx.path(name))
	}
	for written := range tx.install {
		if strings.HasPrefix(written, name+"/") {
			return fmt.Errorf("retire %s: %s was written before", tx.path(name), tx.path(written))
		}
	}
	for retired := range tx.retired {
		if strings.HasPrefix(retired, name+"/") {
			return fmt.Errorf("retire %s: %s was retired before", tx.path(name), tx.path(retired))
		}
	}
	to, err := tx.supersededName(name)
	if err != nil {
		return err
	}
	tx.retired[name] = to
	tx.order = append(tx.order, name)
	return nil
}

// supersededName returns a free name below superseded/.
func (tx *Tx) supersededName(name string) (string, error) {
	first := path.Join(SupersededFolder, name, tx.stamp)
	for n, to := 1, first; ; n, to = n+1, fmt.Sprintf("%s-%d", first, n+1) {
		if found, err := exists(tx.root, to); err != nil || !found {
			return to, err
		}
	}
}

// stage creates the folders of a staged file, and records the rename that will install it:
// that of the topmost part of its name that does not exist.
func (tx *Tx) stage(name string) error {
	tx.mu.Lock()
	defer tx.mu.Unlock()
	if err := tx.makeDirs(path.Dir(name)); err != nil {
		return err
	}
	for _, part := range prefixes(name) {
		if tx.install[part] {
			return nil
		}
		found, err := exists(tx.root, part)
		if err != nil {
			return err
		}
		if !found || tx.isRetired(part) {
			tx.install[part] = true
			return nil
		}
	}
	return fmt.Errorf("write %s: %w", tx.path(name), fs.ErrExist)
}

func (tx *Tx) makeDirs(folder string) error {
	if tx.made[folder] {
		return nil
	}
	if err := tx.root.MkdirAll(path.Join(stagingDir, folder), dirMode); err != nil {
		return inRoot(tx.root, folder, err)
	}
	for tx.made["."] = true; folder != "."; folder = path.Dir(folder) {
		tx.made[folder] = true
	}
	return nil
}

func (tx *Tx) isRetired(name string) bool {
	return slices.ContainsFunc(prefixes(name), func(part string) bool {
		_, ok := tx.retired[part]
		return ok
	})
}

// prefixes of "a/b/c" are "a", "a/b" and "a/b/c".
func prefixes(name string) []string {
	var all []string
	for i, r := range name {
		if r == '/' {
			all = append(all, name[:i])
		}
	}
	return append(all, name)
}

// commit makes the staged files and the list of moves durable, unless the context has ended.
// After it has returned nil the transaction is committed, see [abandon].
func (tx *Tx) commit(ctx context.Context) error {
	if tx.failed != nil {
		return tx.failed
	}
	if len(tx.install) > 0 {
		staged := func(yield func(string) bool) {
			for folder := range tx.made {
				if !yield(path.Join(stagingDir, folder)) {
					return
				}
			}
		}
		if err := syncDirs(tx.root, staged); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if moves := tx.moves(); len(moves) > 0 {
		return writeRecord(tx.root, moves)
	}
	return nil
}

// moves lists the renames. The replacement of a retired name follows it directly, so that the
// name is missing only for an instant.
func (tx *Tx) moves() []move {
	var moves []move
	for _, name := range tx.order {
		moves = append(moves, move{From: name, To: tx.retired[name]})
		if tx.install[name] {
			moves = append(moves, installs(name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(tx.install)) {
		if _, retired := tx.retired[name]; !retired {
			m := installs(name)
			m.Replaces = tx.replace[name]
			moves = append(moves, m)
		}
	}
	return moves
}

func installs(name string) move { return move{From: path.Join(stagingDir, name), To: name} }
