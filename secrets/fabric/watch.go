package fabric

import (
	"sync/atomic"

	"github.com/trustgen/trustgen/ca/store"
)

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
