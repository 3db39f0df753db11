package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/hint"
)

// noResultError is an error of a command that only reads, and could not.
type noResultError struct{ err error }

func (e *noResultError) Error() string { return e.err.Error() }
func (e *noResultError) Unwrap() error { return e.err }

// noResult makes an error one of a command that could not read, unless it is a usage error.
func noResult(err error) error {
	if _, usage := errors.AsType[*flags.UsageError](err); usage || err == nil {
		return err
	}
	return &noResultError{err}
}

// noCommand refuses arguments of a command with subcommands.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	err := fmt.Errorf("unknown command %q", args[0])
	if similar := cmd.SuggestionsFor(args[0]); len(similar) > 0 {
		err = fmt.Errorf("%w, did you mean %s?", err, strings.Join(similar, " or "))
	}
	return flags.Usage(cmd, err)
}

// failed describes a command to package hint.
func failed(cmd *cobra.Command) hint.Command {
	c := hint.Command{
		Path:  cmd.CommandPath(),
		Has:   func(flag string) bool { return cmd.Flags().Lookup(flag) != nil },
		Given: func(flag string) bool { return cmd.Flags().Changed(flag) },
	}
	if dir := cmd.Flags().Lookup("dir"); dir != nil {
		c.Dir = dir.Value.String()
	}
	return c
}
