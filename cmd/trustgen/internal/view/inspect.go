package view

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
)

// Inspect is the result of inspect.
type Inspect struct {
	Items []Item `json:"items"`
}

// Add decodes a file.
func (r *Inspect) Add(file string, data []byte) error {
	items, err := decode(data)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for _, i := range items {
		i.File = file
		r.Items = append(r.Items, i)
	}
	return nil
}

// Table implements [Result].
func (r Inspect) Table(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for n, i := range r.Items {
		if n > 0 {
			fmt.Fprintln(tw)
		}
		where := i.File
		if i.Entry != "" {
			where += ", " + i.Entry
		}
		fmt.Fprintf(tw, "%s: %s\n", term.Printable(where), i.Kind)
		for _, field := range i.fields() {
			fmt.Fprintf(tw, "  %s\t%s\n", field[0], term.Printable(field[1]))
		}
	}
	return tw.Flush()
}
