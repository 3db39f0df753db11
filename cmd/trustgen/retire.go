package main

import (
	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

type retireCommand struct {
	*term.Terminal
	dir        string
	clusters   flags.Clusters
	revocation flags.Revocation
	password   flags.Password
	options    fabric.RetireOptions
	format     flags.Format
}

func newRetire(t *term.Terminal) *cobra.Command {
	c := &retireCommand{Terminal: t}
	cmd := &cobra.Command{
		Use:   "retire --cluster NAME",
		Short: "Remove a cluster from the mesh",
		Example: `  # Its workloads are trusted until its intermediate expires
  trustgen retire --cluster east

  # They are refused as soon as the other clusters have the CRL
  trustgen retire --cluster east --revoke`,
		Long: `The files of the cluster move to superseded/. Its intermediates are revoked only with
--revoke: otherwise their keys sign identities of the mesh until they expire, and their
CRLs stay in the CRL bundles of the other clusters until then.

'trustgen intermediate' gives the cluster another intermediate only with --rejoin.`,
		Args: flags.NoArgs,
		RunE: c.run,
	}
	flags.AddDir(cmd, &c.dir)
	c.clusters.Add(cmd, "`name` of the cluster")
	cmd.Flags().BoolVar(&c.options.Revoke, "revoke", false, "revoke its intermediates")
	c.revocation.Add(cmd, mesh.ReasonCessationOfOperation)
	c.password.Add(cmd, "the CA's key")
	flags.AddIncomplete(cmd, &c.options.Incomplete)
	flags.AddDryRun(cmd, &c.options.DryRun)
	c.format.Add(cmd, "table", "yaml", "json")
	return cmd
}

func (c *retireCommand) run(cmd *cobra.Command, _ []string) error {
	cluster, err := c.clusters.One(cmd)
	if err != nil {
		return err
	}
	if other := flags.Given(cmd, "reason", "at"); other != "" && !c.options.Revoke {
		return flags.Usagef(cmd, "%s requires --revoke", other)
	}
	f, err := openFabric(cmd, c.Terminal, c.dir, c.password.Opening(c.Terminal))
	if err != nil {
		return err
	}
	c.options.Reason, c.options.At = c.revocation.Reason(), c.revocation.At()
	done, err := f.Retire(cmd.Context(), cluster, c.options)
	if err != nil {
		return err
	}
	c.report(cluster, done)
	return view.Print(c.Out, c.format.String(), view.NewRetire(cluster, done, c.options.DryRun))
}

func (c *retireCommand) report(cluster string, done fabric.RetireResult) {
	reportPublication(c.Terminal, done.Publication, c.options.DryRun)
	switch {
	case c.options.DryRun:
		c.Note("dry run: nothing is changed in %s", c.dir)
		return
	case done.Again:
		c.Note("%s left the mesh before", cluster)
	default:
		c.Note("%s has left the mesh; the CA in its istiod is unchanged", cluster)
	}
	for _, cert := range done.Left {
		c.Warn("NOT REVOKED: %s, valid until %s", cert.Subject, term.Time(cert.NotAfter))
	}
	view.Rollout(c.Terminal, c.dir, done.Rollout())
}
