package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/secrets/fabric"
)

type crlRefreshCommand struct {
	*terminal
	dir      string
	next     endFlag
	password passwordFlags
	refresh  fabric.RefreshOptions
	output   outputFlag
}

func newCRLRefresh(t *terminal) *cobra.Command {
	c := &crlRefreshCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "refresh",
		Short: "Sign the CRLs that are due, and give every cluster the complete set",
		Example: `  trustgen crl refresh

  # Every week, for a root whose CRL is to be no older than a month
  trustgen crl refresh --next-update 30d`,
		Long: `Signed are the CRLs that are missing, that have expired, and those of whose time less
than a third is left, as far as the keys are here. Without --next-update they live as
long as their CA: a CRL that nobody replaces in time is an outage, since Envoy then
refuses everything below its CA, and ztunnel takes it for none. With --next-update the
CA that issues signs one at every run, and something has to run it in time.

From then on CRLs are published: every command that brings a CA into the mesh gives
every cluster its CRL, and refuses to if one is missing.`,
		Args: noArgs,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	cmd.Flags().Var(&c.next, "next-update", "when the next CRL of the CA that issues is there at the `latest`: a duration such as 30d, or a time in RFC 3339 (default the end of the CA)")
	addPasswordFile(cmd, &c.password, "`file` whose first line is the passphrase of the CA's key; - is stdin (default a prompt, where the key is encrypted)")
	addIncomplete(cmd, &c.refresh.AllowIncomplete)
	addDryRun(cmd, &c.refresh.DryRun)
	addOutput(cmd, &c.output, "table", "yaml", "json")
	return cmd
}

type crlRefreshResult struct {
	Signed  []*certificateResult `json:"signed"`
	Missing []missingResult      `json:"missing,omitempty"`
	DryRun  bool                 `json:"dryRun,omitempty"`
}

func (c *crlRefreshCommand) run(cmd *cobra.Command, _ []string) error {
	f, err := openFabric(cmd, c.terminal, c.dir, c.password.opening(c.terminal))
	if err != nil {
		return err
	}
	c.refresh.NextUpdate = c.next.from(c.Now())
	done, err := f.RefreshCRLs(cmd.Context(), c.refresh)
	if err != nil {
		return err
	}
	c.warnMissing(done.Missing)
	switch {
	case c.refresh.DryRun:
		c.note("dry run: nothing is changed in %s", f.Dir())
	default:
		if done.Began {
			c.note("CRLs are published from now on: every cluster has those of all CAs")
		}
		c.newOrder(c.dir).everywhere("hand every cluster the set", done.Clusters, done.Elsewhere)
	}
	return c.print(done)
}

func (c *crlRefreshCommand) print(done fabric.Refreshed) error {
	result := crlRefreshResult{Signed: []*certificateResult{}, Missing: newMissingResults(done.Missing), DryRun: c.refresh.DryRun}
	rows := [][]string{{"SIGNED THE CRL OF", "NOT AFTER"}}
	for _, cert := range done.Signed {
		result.Signed = append(result.Signed, newCertificateResult(cert))
		rows = append(rows, []string{cert.Subject, formatTime(cert.NotAfter)})
	}
	return c.output.print(c.Out, result, func(w io.Writer) error { return printTable(w, rows) })
}
