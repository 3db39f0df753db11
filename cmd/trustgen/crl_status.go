package main

import (
	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

type crlStatusCommand struct {
	*term.Terminal
	dir    string
	within flags.End
	format flags.Format
}

func newCRLStatus(t *term.Terminal) *cobra.Command {
	c := &crlStatusCommand{Terminal: t}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "List CAs and CRLs with their expiry",
		Example: `  trustgen crl status

  # In a job that warns a week ahead
  trustgen crl status --quiet --within 7d

  # For a program
  trustgen crl status -o json`,
		Long: `Where CRLs are published, a missing or expired CRL has these effects:

  Envoy     refuses every chain with the CA
  istiod    refuses a CA bundle without the CRL of a CA in its own chain, also at its
            start; it does not check the time of CRLs
  ztunnel   accepts the chain as if nothing of the CA were revoked

Expired CAs are not listed: all proxies refuse their chains. The exit code is 1 if CRLs
are published and one of them is missing, has expired or, with --within, ends before its
CA and within that time. It is 1 as well, published or not, if the intermediate of a
cluster, the CA that issues or one above it is revoked.`,
		Args: flags.NoArgs,
		RunE: c.run,
	}
	flags.AddDir(cmd, &c.dir)
	cmd.Flags().Var(&c.within, "within", "exit with 1 also if a required CRL ends before that `time`: a duration such as 7d, or a time in RFC 3339")
	c.format.Add(cmd, "table", "yaml", "json")
	return cmd
}

func (c *crlStatusCommand) run(cmd *cobra.Command, _ []string) error {
	f, err := openFabric(cmd, c.Terminal, c.dir, nil)
	if err != nil {
		return noResult(err)
	}
	found, err := f.CAs(cmd.Context(), fabric.CAsOptions{Until: c.within.From(c.Now())})
	if err != nil {
		return noResult(err)
	}
	if err := view.Print(c.Out, c.format.String(), view.NewCRLStatus(found)); err != nil {
		return err
	}
	warnings, failure := split(found.Findings)
	if c.format.String() == "table" {
		reportFindings(c.Terminal, cmd, warnings)
	}
	if !found.Publishes {
		c.Note("CRLs are not published: clusters have none, and revocations are not in effect")
	}
	return failure
}

// split separates warnings from the first error of some findings.
func split(findings []mesh.Finding) (warnings []mesh.Finding, failure error) {
	for _, f := range findings {
		switch {
		case f.Severity == mesh.SeverityWarning:
			warnings = append(warnings, f)
		case failure == nil:
			failure = f.Err
		}
	}
	return warnings, failure
}
