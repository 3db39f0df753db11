package main

import (
	"context"
	"errors"

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
