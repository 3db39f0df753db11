package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
	"github.com/trustgen/trustgen/secrets/fabric"
)

type intermediateCommand struct {
	*term.Terminal
	dir      string
	clusters flags.Clusters
	keyType  flags.KeyType
	end      flags.End
	issuer   string
	password flags.Password
	options  fabric.EnsureOptions
	format   flags.Format
}

func newIntermediate(t *term.Terminal) *cobra.Command {
	c := &intermediateCommand{Terminal: t}
	cmd := &cobra.Command{
		Use:   "intermediate --cluster NAME...",
		Short: "Give each cluster an intermediate CA under the root",
		Example: `  # For two clusters; creates a root first if there is none
  trustgen intermediate --cluster east --cluster west

  # A new key and certificate for a cluster, before the old one is due
  trustgen intermediate --cluster east --renew --not-after 90d

  # From an external CA: a TrustClusterIssuer, with the Secrets that it names
  trustgen intermediate --cluster east --issuer issuer.yaml

  # Give a cluster the files that istiod reads
  kubectl --context east create secret generic cacerts -n istio-system \
    --from-file=trust/clusters/east/ca-cert.pem --from-file=trust/clusters/east/ca-key.pem \
    --from-file=trust/clusters/east/root-cert.pem --from-file=trust/clusters/east/cert-chain.pem`,
		Long: `A valid intermediate is kept, so the command can run at any time. One that has less
than a third of its life left is renewed with a new key and a new name; the old files
move to superseded/. All clusters are one transaction: either all of them change or
none.

The root issues, or the issuing CA that init imported. If its key is encrypted, the
passphrase comes from a prompt on a terminal, or from --password-file. A new root has a
plain key, also on a terminal, unless --password-file is given; 'trustgen init' prompts
for a passphrase, and 'trustgen init --encrypt' encrypts an existing key.

If fabric.yaml has name constraints, every new intermediate gets them. A cluster whose
key is in another directory, see 'trustgen request', gets an intermediate here only with
--renew; one that has left the mesh, see 'trustgen retire', only with --rejoin.

The end of --not-after is never shortened. Without the flag an intermediate ends with an
issuer that has less than 365 days left; an issuer with less than 24 hours left issues
nothing.

With --issuer an external CA signs in place of the root in the directory. Its
certificates have to lead to that root; a directory without a root trusts the root of
the issuer from then on.`,
		Args: flags.NoArgs,
		RunE: c.run,
	}
	flags.AddDir(cmd, &c.dir)
	c.clusters.Add(cmd, "`name` of a cluster: a DNS-1123 label; repeat it for more")
	c.keyType.Add(cmd, "that of the CA that issues")
	c.end.AddNotAfter(cmd, "365d, or the end of the issuer if that comes before")
	flags.InputFile(cmd, &c.issuer, "issuer", "`file` with a TrustClusterIssuer and the Secrets and ConfigMaps that it names; - is stdin")
	c.password.Add(cmd, "the CA's key, or of the key of a new root")
	cmd.Flags().BoolVar(&c.options.Renew, "renew", false, "renew valid and damaged intermediates as well")
	flags.AddRejoin(cmd, &c.options.Rejoin)
	flags.AddIncomplete(cmd, &c.options.Incomplete)
	flags.AddDryRun(cmd, &c.options.DryRun)
	c.format.Add(cmd, "table", "yaml", "json")
	return cmd
}

func (c *intermediateCommand) run(cmd *cobra.Command, _ []string) error {
	if err := c.clusters.RequireSome(cmd); err != nil {
		return err
	}
	f, err := openFabric(cmd, c.Terminal, c.dir, c.password.Opening(c.Terminal))
	if err != nil {
		return err
	}
	if c.password.File != "" {
		c.options.Root.NewPassphrase = c.password.Choosing(c.Terminal)
	}
	if c.options.Upstream, err = openUpstream(cmd.Context(), c.Terminal, c.issuer); err != nil {
		return err
	}
	progress := c.NewProgress(len(c.clusters), "clusters")
	c.options.KeyType = c.keyType.KeyType
	c.options.NotAfter = c.end.From(c.Now())
	c.options.Progress = progress.Report
	result, err := f.Ensure(cmd.Context(), c.clusters, c.options)
	progress.End()
	if err != nil {
		return err
	}
	c.report(f, result)
	return view.Print(c.Out, c.format.String(), view.NewIntermediate(f, result, c.options.DryRun))
}

func (c *intermediateCommand) report(f *fabric.Fabric, r fabric.EnsureResult) {
	switch {
	case c.options.DryRun && r.RootCreated:
		c.Note("dry run: nothing is changed in %s, where a root would be created as well", f.Dir())
	case c.options.DryRun:
		c.Note("dry run: nothing is changed in %s", f.Dir())
	case r.RootCreated:
		reportNewRoot(c.Terminal, f, r.Root, c.password.File != "")
	case r.RootAdopted:
		c.Note("trusts the root of the issuer as of this change: %s, valid until %s", r.Root.Subject, term.Time(r.Root.NotAfter))
	}
	reportPublication(c.Terminal, r.Publication, c.options.DryRun)
	if !c.options.DryRun {
		view.Rollout(c.Terminal, c.dir, r.Rollout())
	}
	c.reportKept(r)
	for _, e := range r.Clusters {
		if e.EndsWithIssuer {
			reportEnd(c.Terminal, e.Cluster, e.Certificate)
		}
	}
}

// reportKept is about options that do not affect existing intermediates.
func (c *intermediateCommand) reportKept(r fabric.EnsureResult) {
	kept := slices.ContainsFunc(r.Clusters, func(e fabric.ClusterResult) bool { return e.Action == fabric.Kept })
	if kept && (c.keyType.KeyType != "" || c.end.Given()) {
		c.Hint("--key-type and --not-after do not affect existing intermediates; use --renew")
	}
	for _, e := range r.Clusters {
		if e.OtherConstraints {
			c.Warn("the intermediate of %s is kept, and has other name constraints than fabric.yaml; use --renew", e.Cluster)
		}
	}
}
