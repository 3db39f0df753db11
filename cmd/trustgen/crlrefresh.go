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
than a third is left, as far as the keys are here. They live as long as the last one
did, the first one as long as its CA: a CRL that nobody replaces in time is an outage,
since Envoy then refuses everything below its CA, and ztunnel takes it for none. With
--next-update the CA that issues signs one at every run. Its next CRLs, those that
revoke included, then live as long, so that something has to run this command in time;
the end of the CA as --next-update ends that.

From then on CRLs are published: every command that brings a CA into the mesh gives
every cluster its CRL, and refuses to if one is missing.`,
		Args: noArgs,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	cmd.Flags().Var(&c.next, "next-update", "when the next CRL of the CA that issues is there at the `latest`: a duration such as 30d, or a time in RFC 3339 (default as long as the last CRL, the first one until the end of the CA)")
	addPasswordFile(cmd, &c.password, "the CA's key")
	addIncomplete(cmd, &c.refresh.AllowIncomplete)
	addDryRun(cmd, &c.refresh.DryRun)
	addOutput(cmd, &c.output, "table", "yaml", "json")
	return cmd
}

type crlRefreshResult struct {
	Changed bool              `json:"changed"`
	Signed  []signedCRLResult `json:"signed"`
	Missing []missingResult   `json:"missing,omitempty"`
	DryRun  bool              `json:"dryRun,omitempty"`
}

type signedCRLResult struct {
	*certificateResult
	Number     string `json:"number"`
	NextUpdate string `json:"nextUpdate"`
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
	c.tell(f, done)
	return c.print(done)
}

func (c *crlRefreshCommand) tell(f *fabric.Fabric, done fabric.Refreshed) {
	c.warnMissing(done.Missing)
	switch {
	case !done.Changed:
		c.note("no CRL is due, and every cluster has the set: nothing is changed in %s", f.Dir())
		return
	case c.refresh.DryRun:
		c.note("dry run: nothing is changed in %s", f.Dir())
		return
	case done.Began:
		c.noteBegan()
	}
	o := c.newOrder(c.dir)
	o.everywhere("hand every cluster the set", o.applyCRLs, done.Others, done.Elsewhere)
}

func (c *crlRefreshCommand) print(done fabric.Refreshed) error {
	result := crlRefreshResult{Changed: done.Changed, Signed: []signedCRLResult{}, Missing: newMissingResults(done.Missing), DryRun: c.refresh.DryRun}
	rows := [][]string{{"SIGNED THE CRL OF", "NOT AFTER", "NUMBER", "NEXT UPDATE"}}
	for _, s := range done.Signed {
		entry := signedCRLResult{newCertificateResult(s.Certificate), s.CRL.Number.String(), formatTime(s.CRL.NextUpdate)}
		result.Signed = append(result.Signed, entry)
		rows = append(rows, []string{entry.Subject, entry.NotAfter, entry.Number, entry.NextUpdate})
	}
	return c.output.print(c.Out, result, func(w io.Writer) error { return printTable(w, rows) })
}
