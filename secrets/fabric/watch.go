package fabric

import "github.com/trustgen/trustgen/ca/store"

// watchedChanger notices that something changes.
type watchedChanger struct {
	changer
	changed bool
}

func (w *watchedChanger) Write(name string, data []byte, mode store.Mode) error {
	w.changed = true
	return w.changer.Write(name, data, mode)
}

func (w *watchedChanger) Replace(name string, data []byte, mode store.Mode, check func([]byte) error) error {
	w.changed = true
	return w.changer.Replace(name, data, mode, check)
}
