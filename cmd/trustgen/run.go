package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/hint"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNoResult    = 3
	exitInterrupted = 130
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

// run is the program without its process.
func run(ctx context.Context, s term.Streams, args []string) int {
	t := &term.Terminal{Streams: s}
	root := newRoot(t)
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		t.Fail(errors.New("interrupted, nothing was changed"))
		return exitInterrupted
	}
	t.Fail(err)
	if text := hint.For(err, failed(cmd)); text != "" {
		t.Hint("%s", text)
	}
	return exitCode(err)
}

func exitCode(err error) int {
	if _, ok := errors.AsType[*flags.UsageError](err); ok {
		return exitUsage
	}
	if _, ok := errors.AsType[*noResultError](err); ok {
		return exitNoResult
	}
	return exitFailed
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

func newRoot(t *term.Terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "trustgen",
		Short: "Set up and maintain a shared certificate trust across Istio clusters",
		Example: `  # A root, and an intermediate CA for each of two clusters, in ./trust
  trustgen intermediate --cluster east --cluster west

  # Give a cluster its CA
  trustgen secret --cluster east | kubectl --context east apply --server-side -f -`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		Args:              noCommand,
		PersistentPreRunE: flags.CheckStdin,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().BoolVarP(&t.Quiet, "quiet", "q", false, "print errors and the result only")
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

// flagError is an error about a flag. After an unknown command the error is about the command,
// which may have the flag.
func flagError(cmd *cobra.Command, err error) error {
	if cmd.HasSubCommands() {
		if unknown := noCommand(cmd, cmd.Flags().Args()); unknown != nil {
			return unknown
		}
	}
	return flags.Usage(cmd, err)
}

// The examples come first: most people look for them.
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
