package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets/fabric"
)

type installCommand struct {
	*terminal
	dir      string
	clusters clusterFlag
	rootCert string
	password passwordFlags
	yes      bool
	install  fabric.InstallOptions
	output   outputFlag
}

func newInstall(t *terminal) *cobra.Command {
	c := &installCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "install FILE",
		Short: "Take the answer to a request: the key becomes the CA of its cluster",
		Example: `  trustgen install east.pem

  # In a directory that knows no root yet, with the root from a source that is trusted
  trustgen install east.pem --root-cert root-cert.pem

  # What istiod reads, handed to the cluster
  trustgen secret --cluster east | kubectl --context east apply --server-side -f -`,
		Long: `FILE is the answer of 'trustgen sign', or certificates in PEM from another CA: that of
the cluster first, then the CAs above it; - is stdin. The certificate has to be for
the key of a request that waits in the directory, and lead to its root. A directory
that has no root yet trusts the one of the answer from then on, if --root-cert names
the same one, or if you confirm it: on a terminal install shows its hash and asks,
elsewhere --yes goes ahead.

What the answer says of other CAs is taken as by 'trustgen crl import', also from one that
was installed before.

All is one transaction: the key moves from the request to the cluster, and what there
was before is kept in superseded/.`,
		Args: oneFile,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	cmd.Flags().Var(&c.clusters, "cluster", "`name` that the cluster has to have (default that of the request with the same key)")
	cmd.Flags().StringVar(&c.rootCert, "root-cert", "", "`file` of the root that the answer has to lead to")
	_ = cmd.MarkFlagFilename("root-cert")
	cmd.Flags().StringVar(&c.install.TrustDomain, "trust-domain", "", fmt.Sprintf("trust `domain` of a mesh that is new here (default that of the name constraints, else %s)", fabric.DefaultTrustDomain))
	cmd.Flags().BoolVar(&c.yes, "yes", false, "trust a root that is new here without asking")
	cmd.Flags().BoolVar(&c.install.AllowIncomplete, "incomplete", false, "write the set of CRLs even if CRLs are missing, which is an outage")
	addPasswordFile(cmd, &c.password, "the CA's key, if it has to sign the next CRL")
	addDryRun(cmd, &c.install.DryRun)
	addOutput(cmd, &c.output, "table", "yaml", "json")
	return cmd
}

type installResult struct {
	Cluster     string             `json:"cluster"`
	Action      fabric.Action      `json:"action"`
	Directory   string             `json:"directory"`
	Certificate *certificateResult `json:"certificate"`
	Root        *certificateResult `json:"root"`
	RootAdopted bool               `json:"rootAdopted"`
	Warnings    []importWarning    `json:"warnings,omitempty"`
	Revoked     []revokedCAResult  `json:"revoked,omitempty"`
	DryRun      bool               `json:"dryRun,omitempty"`
}

func (c *installCommand) run(cmd *cobra.Command, args []string) error {
	if len(c.clusters) > 1 {
		return &usageError{errors.New("an answer is for one cluster, and --cluster names more"), cmd}
	}
	if args[0] == "-" && c.rootCert == "-" {
		return &usageError{errors.New("the answer and --root-cert cannot both be stdin"), cmd}
	}
	if c.password.file == "-" && (args[0] == "-" || c.rootCert == "-") {
		return &usageError{errors.New("--password-file and the answer or --root-cert cannot both be stdin"), cmd}
	}
	answer, err := c.readExchange(cmd.Context(), args[0])
	if err != nil {
		return err
	}
	if err := c.readRoot(cmd.Context()); err != nil {
		return err
	}
	f, err := openFabric(cmd, c.terminal, c.dir, c.password.opening(c.terminal))
	if err != nil {
		return err
	}
	if len(c.clusters) == 1 {
		c.install.Cluster = c.clusters[0]
	}
	c.install.ConfirmRoot = c.confirmingRoot()
	installed, err := f.Install(cmd.Context(), answer, c.install)
	if err != nil {
		return err
	}
	c.tell(f, installed)
	return c.print(f, installed)
}

func (c *installCommand) readRoot(ctx context.Context) (err error) {
	if c.rootCert == "" {
		return nil
	}
	c.install.Root, err = c.terminal.readRoot(ctx, c.rootCert)
	return err
}

// confirmingRoot asks a person; nil where there is nobody to ask.
func (c *installCommand) confirmingRoot() func(context.Context, fabric.Certificate, string) error {
	switch {
	case c.yes:
		return func(context.Context, fabric.Certificate, string) error { return nil }
	case c.Ask == nil:
		return nil
	}
	return func(ctx context.Context, root fabric.Certificate, trustDomain string) error {
		c.note("%s has no root yet. This is the one of the answer:", c.dir)
		return c.confirm(ctx, "Trust it from now on?", [][2]string{
			{"root", root.Subject},
			{"SHA-256", root.Fingerprint},
			{"not after", formatTime(root.NotAfter)},
			{"trust domain", trustDomain},
		})
	}
}

func (c *installCommand) tell(f *fabric.Fabric, i fabric.Installed) {
	c.tellTaken(i.Taken)
	switch {
	case i.Action == fabric.Kept:
		c.note("cluster %s has %s already", i.Cluster, i.Certificate.Subject)
		if i.Publishes && i.Changed && !c.install.DryRun {
			c.note("of the answer the rest is taken: hand every cluster whose key is here its new set, with 'trustgen secret'")
		}
		return
	case c.install.DryRun:
		c.note("dry run: would install %s for cluster %s in %s", i.Certificate.Subject, i.Cluster, f.Dir())
	default:
		c.note("installed %s for cluster %s, valid until %s", i.Certificate.Subject, i.Cluster, formatTime(i.Certificate.NotAfter))
	}
	if i.RootAdopted && !c.install.DryRun {
		c.note("trusts the root of the answer from now on: %s, valid until %s, trust domain %s", i.Root.Subject, formatTime(i.Root.NotAfter), i.TrustDomain)
	}
	for _, v := range i.Tolerated {
		c.warn("%s: %s; %s", ca.Describe(v.Cert), v.Detail, v.Consequence)
	}
	if i.Publishes {
		c.hint("before the cluster gets it: 'trustgen crl --with-certificates%s' gives its CRL, 'trustgen crl import' takes it where the root is, and every cluster needs the new set", dirFlag(f.Dir()))
	}
}

func (c *installCommand) print(f *fabric.Fabric, i fabric.Installed) error {
	result := installResult{
		Cluster: i.Cluster, Action: i.Action, Directory: f.ClusterPath(i.Cluster),
		Certificate: newCertificateResult(i.Certificate), Root: newCertificateResult(i.Root),
		RootAdopted: i.RootAdopted, Revoked: newRevokedCAResults(i.Revoked), DryRun: c.install.DryRun,
	}
	for _, v := range i.Tolerated {
		result.Warnings = append(result.Warnings, importWarning{v.Rule, ca.Describe(v.Cert), v.Detail, v.Consequence})
	}
	action := string(i.Action)
	if c.install.DryRun && i.Action != fabric.Kept {
		action = "would be " + action
	}
	return c.output.print(c.Out, result, func(w io.Writer) error {
		return printTable(w, [][]string{
			{"CLUSTER", "ACTION", "SUBJECT", "KEY", "NOT AFTER", "DIRECTORY"},
			{i.Cluster, action, i.Certificate.Subject, string(i.Certificate.KeyType), formatTime(i.Certificate.NotAfter), result.Directory},
		})
	})
}
