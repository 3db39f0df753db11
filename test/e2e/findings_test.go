package e2e_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
)

// findings collects trials that run in parallel.
type findings struct {
	mu     sync.Mutex
	trials map[int]*trial // by row of the table
}

func newFindings() *findings { return &findings{trials: make(map[int]*trial)} }

func (f *findings) add(place int, tr *trial) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trials[place] = tr
}

// table has a row for each bundle and a column for each step.
func (f *findings) table() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "BUNDLE")
	for _, s := range steps() {
		fmt.Fprint(w, "\t", strings.ToUpper(string(s)))
	}
	fmt.Fprint(w, "\tBECAUSE")
	for _, place := range slices.Sorted(maps.Keys(f.trials)) {
		tr := f.trials[place]
		fmt.Fprint(w, "\n", tr.bundle.name)
		for _, s := range steps() {
			fmt.Fprint(w, "\t", tr.answer(s))
		}
		fmt.Fprint(w, "\t", tr.bundle.because)
	}
	w.Flush()
	return b.String()
}
