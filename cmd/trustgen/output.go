package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"
)

// outputFlag chooses the form of the result.
type outputFlag struct {
	format  string
	allowed []string
}

func (f *outputFlag) String() string { return f.format }
func (f *outputFlag) Type() string   { return "format" }

func (f *outputFlag) Set(s string) error {
	if !slices.Contains(f.allowed, s) {
		return fmt.Errorf("expected %s", strings.Join(f.allowed, ", "))
	}
	f.format = s
	return nil
}

// addOutput adds the flag -o with the formats that a command knows, the default
// first.
func addOutput(cmd *cobra.Command, f *outputFlag, formats ...string) {
	f.format, f.allowed = formats[0], formats
	cmd.Flags().VarP(f, "output", "o", "`format` of the result: "+strings.Join(formats, ", "))
	_ = cmd.RegisterFlagCompletionFunc("output", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return formats, cobra.ShellCompDirectiveNoFileComp
	})
}

// print writes a result in the chosen format; table writes it for people.
func (f *outputFlag) print(w io.Writer, result any, table func(io.Writer) error) error {
	if f.format == "table" {
		return table(w)
	}
	data, err := f.encode(result)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// encode writes a value as YAML or JSON.
func (f *outputFlag) encode(value any) ([]byte, error) {
	if f.format == "yaml" {
		return yaml.Marshal(value)
	}
	data, err := json.MarshalIndent(value, "", "  ")
	return append(data, '\n'), err
}

// printTable aligns rows, the first of which is the heading.
func printTable(w io.Writer, rows [][]string) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			row[i] = printable(cell)
		}
		fmt.Fprintln(tw, strings.Join(row, "\t"))
	}
	return tw.Flush()
}

// printable keeps names from certificates from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
