package main

import (
	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
	"github.com/trustgen/trustgen/secrets/fabric"
)

type crlRefreshCommand struct {
	*term.Terminal
	dir      string
	next     flags.End
	password flags.Password
	options  fabric.RefreshCRLsOptions
	format   flags.Format
}

func newCRLRefresh(t *term.Terminal) *cobra.Command {
	c := &crlRefreshCommand{Terminal: t}
	cmd := &cobra.Command{
		Use:   "refresh",
		Short: "Sign the CRLs that are due, and publish the complete CRL bundle to every cluster",
		Example: `  trustgen crl refresh

  # Every week, for a root whose CRL is at most a month old
  trustgen crl refresh --next-update 30d`,
		Long: `It signs CRLs that are missing, that have expired, or that have less than a third of
their life left, if their keys are in the directory. A CRL lives as long as the last one
did, the first one as long as its CA. A CRL that is not replaced in time is an outage:
Envoy then refuses everything below its CA, and ztunnel ignores the CRL. With
--next-update every run signs the CRL of the CA that issues. Its next CRLs, those of
revocations included, then live as long, so that this command has to run in time; set
--next-update to the end of the CA to return to the default.

CRLs are published from then on: every command that adds a CA to the mesh adds its CRL to
every cluster, and fails if a CRL is missing.`,
		Args: flags.NoArgs,
		RunE: c.run,
	}
	flags.AddDir(cmd, &c.dir)
	cmd.Flags().Var(&c.next, "next-update", "`latest` time of the next CRL of the CA that issues: a duration such as 30d, or a time in RFC 3339 (default as long as the last CRL, the first one until the end of the CA)")
	c.password.Add(cmd, "the CA's key")
	flags.AddIncomplete(cmd, &c.options.Incomplete)
	flags.AddDryRun(cmd, &c.options.DryRun)
	c.format.Add(cmd, "table", "yaml", "json")
	return cmd
}

func (c *crlRefreshCommand) run(cmd *cobra.Command, _ []string) error {
	f, err := openFabric(cmd, c.Terminal, c.dir, c.password.Opening(c.Terminal))
	if err != nil {
		return err
	}
	c.options.NextUpdate = c.next.From(c.Now())
	done, err := f.RefreshCRLs(cmd.Context(), c.options)
	if err != nil {
		return err
	}
	c.report(f, done)
	return view.Print(c.Out, c.format.String(), view.NewCRLRefresh(done, c.options.DryRun))
}

func (c *crlRefreshCommand) report(f *fabric.Fabric, done fabric.RefreshCRLsResult) {
	reportPublication(c.Terminal, done.Publication, c.options.DryRun)
	switch {
	case !done.Changed:
		c.Note("no CRL is due, and every cluster has the CRL bundle: nothing is changed in %s", f.Dir())
	case c.options.DryRun:
		c.Note("dry run: nothing is changed in %s", f.Dir())
	default:
		view.Rollout(c.Terminal, c.dir, done.Rollout())
	}
}
