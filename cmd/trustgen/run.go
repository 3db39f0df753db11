package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitFine        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitCouldNot    = 3
	exitInterrupted = 130
)

// usageError is an error in the command line.
type usageError struct {
	err error
	cmd *cobra.Command
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// lookError is an error of a command that only looks: it could not.
type lookError struct{ err error }

func (e *lookError) Error() string { return e.err.Error() }
func (e *lookError) Unwrap() error { return e.err }

// run is the program without its process.
func run(ctx context.Context, s streams, args []string) int {
	t := &terminal{streams: s}
	root := newRoot(t)
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitFine
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		t.fail(errors.New("interrupted, nothing was changed"))
		return exitInterrupted
	}
	t.fail(err)
	if hint := hintFor(failure{err, cmd}); hint != "" {
		t.hint("%s", hint)
	}
	return exitCode(err)
}

func exitCode(err error) int {
	var usage *usageError
	var look *lookError
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &look):
		return exitCouldNot
	}
	return exitFailed
}

func newRoot(t *terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "trustgen",
		Short: "One trust for the clusters of an Istio mesh",
		Example: `  # A root, and an intermediate CA for each of two clusters, below ./trust
  trustgen intermediate --cluster east --cluster west

  # Hand a cluster its CA
  trustgen secret --cluster east | kubectl --context east apply --server-side -f -`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().BoolVarP(&t.quiet, "quiet", "q", false, "print errors and the result only")
	root.SetFlagErrorFunc(flagError)
	root.SetUsageTemplate(usageTemplate)
	root.SetHelpTemplate(helpTemplate)
	root.AddCommand(
		newInit(t),
		newIntermediate(t),
		newRequest(t),
		newSign(t),
		newInstall(t),
		newSecret(t),
		newRevoke(t),
		newRetire(t),
		newCRL(t),
		newCrossSign(t),
		newList(t),
		newInspect(t),
		newController(t),
		newCheck(t),
		newIssuers(t),
		newVersion(t),
	)
	return root
}

// noArgs refuses arguments that are not flags.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usageError{fmt.Errorf("unexpected argument %q", args[0]), cmd}
	}
	return nil
}

// noCommand refuses arguments of a command that has others below it: each of these would be
// one of them.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	err := fmt.Errorf("unknown command %q", args[0])
	if meant := cmd.SuggestionsFor(args[0]); len(meant) > 0 {
		err = fmt.Errorf("%w, did you mean %s?", err, strings.Join(meant, " or "))
	}
	return &usageError{err, cmd}
}

// flagError is an error about a flag, unless it stands behind a command that is not known:
// then the flag may be a good one of the command that was meant.
func flagError(cmd *cobra.Command, err error) error {
	if cmd.HasSubCommands() {
		if unknown := noCommand(cmd, cmd.Flags().Args()); unknown != nil {
			return unknown
		}
	}
	return &usageError{err, cmd}
}

// The examples come first: they are what most people look for.
const (
	helpTemplate = `{{.Short}}.

{{with .Example}}Examples:
{{.}}

{{end}}{{with .Long}}{{.}}

{{end}}{{.UsageString}}`

	usageTemplate = `Usage:
  {{if .Runnable}}{{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} [command]

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Global flags:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
`
)
