// Package view is what commands print as their result: every JSON result with its table, and the
// runbook of a rollout. testdata/schema.golden has the schema.
package view

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
)

// Result is the result of a command. It is encoded as JSON or YAML, or printed as a table.
type Result interface {
	Table(w io.Writer) error
}

// Print writes a result as "table", "yaml" or "json".
func Print(w io.Writer, format string, r Result) error {
	if format == "table" {
		return r.Table(w)
	}
	data, err := Encode(format, r)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// Encode encodes a value as "yaml" or "json".
func Encode(format string, value any) ([]byte, error) {
	if format == "yaml" {
		return yaml.Marshal(value)
	}
	data, err := json.MarshalIndent(value, "", "  ")
	return append(data, '\n'), err
}

// table are rows of cells, the first of which is the heading.
type table [][]string

func (t *table) add(cells ...string) { *t = append(*t, cells) }

func (t *table) write(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range *t {
		for i, cell := range row {
			row[i] = term.Printable(cell)
		}
		fmt.Fprintln(tw, strings.Join(row, "\t"))
	}
	return tw.Flush()
}

// wouldBe is an action, or of a dry run what it would be.
func wouldBe(action string, dryRun bool) string {
	if dryRun {
		return "would be " + action
	}
	return action
}
