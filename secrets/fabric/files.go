package fabric

import (
	"sync/atomic"

	"github.com/trustgen/trustgen/ca/store"
)

// reader is what it takes to read the directory.
type reader interface {
	Exists(name string) (bool, error)
	List(folder string) ([]string, error)
	Read(name string, mode store.Mode) ([]byte, error)
}

// changer is what it takes to change the directory: a transaction, or a dry run.
type changer interface {
	reader
	Write(name string, data []byte, mode store.Mode) error
	Retire(name string) error
	Replace(name string, data []byte, mode store.Mode, check func(readBack []byte) error) error
}

// dryRun lets an operation run to its end without changing anything.
type dryRun struct{ *store.Snapshot }

func (dryRun) Write(string, []byte, store.Mode) error { return nil }
func (dryRun) Retire(string) error                    { return nil }
func (dryRun) Replace(string, []byte, store.Mode, func([]byte) error) error {
	return nil
}

// watchedChanger notices that something changes. Several goroutines may use it.
type watchedChanger struct {
	changer
	changed atomic.Bool
}

func (w *watchedChanger) Write(name string, data []byte, mode store.Mode) error {
	w.changed.Store(true)
	return w.changer.Write(name, data, mode)
}

func (w *watchedChanger) Replace(name string, data []byte, mode store.Mode, check func([]byte) error) error {
	w.changed.Store(true)
	return w.changer.Replace(name, data, mode, check)
}
