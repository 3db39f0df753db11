// Package flags reads the command line: its flags, and its errors.
package flags

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// UsageError is an error in the command line.
type UsageError struct {
	Path string // of the command, for example "trustgen crl refresh"
	Err  error
}

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// Usage makes an error one in the command line.
func Usage(cmd *cobra.Command, err error) error { return &UsageError{cmd.CommandPath(), err} }

// Usagef is an error in the command line.
func Usagef(cmd *cobra.Command, format string, args ...any) error {
	return Usage(cmd, fmt.Errorf(format, args...))
}

// NameError is an error about an object of the cluster, by the name in the command line.
type NameError struct {
	Name string
	Err  error
}

func (e *NameError) Error() string { return e.Name + ": " + e.Err.Error() }
func (e *NameError) Unwrap() error { return e.Err }

// NoArgs refuses arguments that are not flags.
func NoArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return Usagef(cmd, "unexpected argument %q", args[0])
	}
	return nil
}

// OneFile requires the name of a file, or - for stdin.
func OneFile(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return Usagef(cmd, "%d files are named, expected one", len(args))
	}
	return Files(cmd, args)
}

// Files requires names of files, or - for stdin.
func Files(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return Usage(cmd, errors.New("no file is named; - is stdin"))
	}
	return nil
}

// Given is the first of some flags that is set, "--flag"; else it is empty.
func Given(cmd *cobra.Command, names ...string) string {
	for _, name := range names {
		if cmd.Flags().Changed(name) {
			return "--" + name
		}
	}
	return ""
}
