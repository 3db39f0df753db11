package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
)

const commitFile = metaDir + "/commit"

// move is one rename of a committed transaction.
type move struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Replaces means that the existing target is replaced.
	Replaces bool `json:"replaces,omitempty"`
}

// installs reports whether the move installs a staged name.
func (m move) installs() bool {
	return checkChangeable(m.To) == nil && m.From == installs(m.To).From
}

// retires reports whether the move retires a name.
func (m move) retires() bool {
	return !m.Replaces && checkChangeable(m.From) == nil && checkName(m.To) == nil && path.Dir(m.To) == path.Join(SupersededFolder, m.From)
}

// record is the ordered list of moves.
type record struct {
	Moves []move `json:"moves"`
}

func writeRecord(root *os.Root, moves []move) error {
	data, err := json.Marshal(record{Moves: moves})
	if err != nil {
		return err
	}
	if err := replaceFile(root, commitFile, data); err != nil {
		return inRoot(root, commitFile, err)
	}
	return nil
}

// parseRecord parses a list of moves. It accepts only moves of this package, which retire a
// name to superseded/ or install a staged one.
func parseRecord(data []byte) (record, error) {
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return record{}, err
	}
	if len(r.Moves) == 0 {
		return record{}, errors.New("it moves nothing")
	}
	for _, m := range r.Moves {
		if !m.installs() && !m.retires() {
			return record{}, fmt.Errorf("it moves %q to %q", m.From, m.To)
		}
	}
	return r, nil
}

// replay makes the remaining moves of a committed transaction, if there is one. It reports
// whether any move was made, now or before.
func replay(root *os.Root) (moved bool, err error) {
	data, err := root.ReadFile(commitFile)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, inRoot(root, commitFile, err)
	}
	r, err := parseRecord(data)
	if err != nil {
		return false, fmt.Errorf("%w is damaged: %w", inRoot(root, commitFile, errors.New("the record")), err)
	}
	touched := make(map[string]bool)
	for _, m := range r.Moves {
		if err := m.carryOut(root, touched); err != nil {
			return moved, err
		}
		moved = true
	}
	if err := syncDirs(root, maps.Keys(touched)); err != nil {
		return moved, err
	}
	return moved, removeRecord(root)
}

// carryOut makes a move that was not made before. A target that exists is a completed move,
// since moves have an order and overwrite nothing, unless the staged name still exists:
// then another program has created the target, or the move is to replace it. The changed
// folders are added to touched.
func (m move) carryOut(root *os.Root, touched map[string]bool) error {
	for folder := path.Dir(m.To); ; folder = path.Dir(folder) {
		touched[folder] = true
		if folder == "." {
			break
		}
	}
	if m.retires() {
		touched[path.Dir(m.From)] = true
	}
	if found, err := exists(root, m.To); err != nil {
		return err
	} else if found {
		if done, err := m.checkDone(root); done || err != nil {
			return err
		}
	}
	if err := root.MkdirAll(path.Dir(m.To), dirMode); err != nil {
		return inRoot(root, path.Dir(m.To), err)
	}
	if err := root.Rename(m.From, m.To); err != nil {
		return inRoot(root, m.To, err)
	}
	return nil
}

// checkDone reports whether a move whose target exists was made.
func (m move) checkDone(root *os.Root) (bool, error) {
	if !m.installs() {
		return true, nil
	}
	staged, err := exists(root, m.From)
	if err == nil && staged && !m.Replaces {
		err = inRoot(root, m.To, fs.ErrExist)
	}
	return !staged, err
}

func removeRecord(root *os.Root) error {
	if err := root.Remove(commitFile); err != nil {
		return inRoot(root, commitFile, err)
	}
	return syncDir(root, metaDir)
}

// abandon rolls back a transaction of which no move was made yet.
func abandon(root *os.Root) error {
	if written, err := exists(root, commitFile); err != nil {
		return err
	} else if written {
		if err := removeRecord(root); err != nil {
			return err
		}
	}
	return discard(root)
}

// discard removes staged files that were never committed.
func discard(root *os.Root) error {
	for _, name := range []string{stagingDir, commitFile + unfinished} {
		if err := root.RemoveAll(name); err != nil {
			return inRoot(root, name, err)
		}
	}
	return nil
}
