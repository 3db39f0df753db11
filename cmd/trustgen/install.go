package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/files"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

type installCommand struct {
	*term.Terminal
	dir      string
	clusters flags.Clusters
	rootCert string
	password flags.Password
	yes      bool
	options  fabric.InstallOptions
	format   flags.Format
}

func newInstall(t *term.Terminal) *cobra.Command {
	c := &installCommand{Terminal: t}
	cmd := &cobra.Command{
		Use:   "install FILE",
		Short: "Install the signed response to a request as the CA of its cluster",
		Example: `  trustgen install east.pem

  # In a directory without a root, with the root from a trusted source
  trustgen install east.pem --root-cert root-cert.pem

  # Give the cluster its CA
  trustgen secret --cluster east | kubectl --context east apply --server-side -f -`,
		Long: `FILE is the signed response of 'trustgen sign', or certificates in PEM from another CA:
that of the cluster first, then the CAs above it; - is stdin. The certificate has to be
for the key of a request in the directory, and lead to its root. A directory without a
root trusts the root of the response from then on, if --root-cert names the same one, or
if you confirm it: on a terminal install shows its hash and asks, otherwise --yes
confirms.

CRLs and other CAs in the response are imported as by 'trustgen crl import', also if the
certificate was installed before.

All is one transaction: the key moves from the request to the cluster, and the files of
the old CA move to superseded/.`,
		Args: flags.OneFile,
		RunE: c.run,
	}
	flags.AddDir(cmd, &c.dir)
	c.clusters.Add(cmd, "required `name` of the cluster (default that of the request with the same key)")
	flags.InputFile(cmd, &c.rootCert, "root-cert", "`file` of the root that the response has to lead to")
	cmd.Flags().StringVar(&c.options.TrustDomain, "trust-domain", "", fmt.Sprintf("trust `domain` of a mesh that is new here (default that of the name constraints, else %s)", fabric.DefaultTrustDomain))
	cmd.Flags().BoolVar(&c.yes, "yes", false, "trust a new root without confirmation")
	flags.AddIncomplete(cmd, &c.options.Incomplete)
	c.password.Add(cmd, "the CA's key, if it has to sign the next CRL")
	flags.AddDryRun(cmd, &c.options.DryRun)
	c.format.Add(cmd, "table", "yaml", "json")
	return cmd
}

func (c *installCommand) run(cmd *cobra.Command, args []string) (err error) {
	if c.options.Cluster, err = c.clusters.Optional(cmd); err != nil {
		return err
	}
	response, err := files.ReadExchange(cmd.Context(), c.Terminal, args[0])
	if err != nil {
		return err
	}
	if c.rootCert != "" {
		if c.options.Root, err = files.ReadRoot(cmd.Context(), c.Terminal, c.rootCert); err != nil {
			return err
		}
	}
	f, err := openFabric(cmd, c.Terminal, c.dir, c.password.Opening(c.Terminal))
	if err != nil {
		return err
	}
	c.options.ConfirmRoot = c.confirmRoot()
	installed, err := f.Install(cmd.Context(), response, c.options)
	if err != nil {
		return err
	}
	c.report(f, installed)
	return view.Print(c.Out, c.format.String(), view.NewInstall(f, installed, c.options.DryRun))
}

// confirmRoot asks on the terminal; nil without one.
func (c *installCommand) confirmRoot() func(context.Context, mesh.Summary, string) error {
	switch {
	case c.yes:
		return func(context.Context, mesh.Summary, string) error { return nil }
	case c.Ask == nil:
		return nil
	}
	return func(ctx context.Context, root mesh.Summary, trustDomain string) error {
		c.Note("%s has no root yet. The root of the response is:", c.dir)
		return c.Confirm(ctx, "Trust it from now on?", [][2]string{
			{"root", root.Subject},
			{"SHA-256", root.Fingerprint},
			{"not after", term.Time(root.NotAfter)},
			{"trust domain", trustDomain},
		})
	}
}

func (c *installCommand) report(f *fabric.Fabric, i fabric.InstallResult) {
	reportImported(c.Terminal, i.Merged)
	for _, v := range i.Tolerated {
		c.Warn("%s: %s; %s", ca.Describe(v.Cert), v.Detail, v.Consequence)
	}
	switch {
	case i.Action == fabric.Kept:
		c.Note("cluster %s already has %s", i.Cluster, i.Certificate.Subject)
	case c.options.DryRun:
		c.Note("dry run: would install %s for cluster %s in %s", i.Certificate.Subject, i.Cluster, f.Dir())
	default:
		c.Note("installed %s for cluster %s, valid until %s", i.Certificate.Subject, i.Cluster, term.Time(i.Certificate.NotAfter))
	}
	if c.options.DryRun {
		return
	}
	if i.RootAdopted {
		c.Note("trusts the root of the response as of this change: %s, valid until %s, trust domain %s", i.Root.Subject, term.Time(i.Root.NotAfter), i.TrustDomain)
	}
	view.Rollout(c.Terminal, c.dir, i.Rollout())
}
