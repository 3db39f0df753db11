package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
	"github.com/trustgen/trustgen/secrets"
)

type secretCommand struct {
	*term.Terminal
	dir       string
	clusters  flags.Clusters
	namespace string
	crlsOnly  bool
	out       string
	format    flags.Format
}

func newSecret(t *term.Terminal) *cobra.Command {
	c := &secretCommand{Terminal: t}
	cmd := &cobra.Command{
		Use:   "secret --cluster NAME",
		Short: "Print the CA of a cluster as the Secret that istiod reads",
		Example: `  # Give a cluster its CA
  trustgen secret --cluster east | kubectl --context east apply --server-side -f -

  # Give a cluster the CRLs before another cluster gets a new intermediate
  trustgen secret --cluster east --crls-only | kubectl --context east apply --server-side --field-manager=trustgen-crls --force-conflicts -f -

  # Into a file, for a tool that encrypts it
  trustgen secret --cluster east --out east.yaml`,
		Long: `The Secret has the key of the intermediate. Apply it with --server-side: a client-side
apply copies the whole object, key included, into an annotation. On a terminal the key
is printed only with --out -.

The contexts of kubectl in the examples have the names of the clusters. Name the context
in every such command: otherwise the key of east could replace that of the current
context.

--crls-only prints the CRLs alone. Apply them with their own field manager, as above: it
leaves the rest of the Secret as it is. It is for a cluster that has a CA: istiod does
not start with a Secret that has only CRLs.`,
		Args: flags.NoArgs,
		RunE: c.run,
	}
	flags.AddDir(cmd, &c.dir)
	c.clusters.Add(cmd, "`name` of the cluster")
	cmd.Flags().StringVarP(&c.namespace, "namespace", "n", secrets.DefaultNamespace, "`namespace` of istiod")
	cmd.Flags().BoolVar(&c.crlsOnly, "crls-only", false, "print the CRLs alone, for a cluster that has a CA")
	cmd.Flags().StringVar(&c.out, "out", "", "new `file`, for its owner only; - is stdout, even a terminal")
	c.format.Add(cmd, "yaml", "json")
	return cmd
}

func (c *secretCommand) run(cmd *cobra.Command, _ []string) error {
	cluster, err := c.clusters.One(cmd)
	if err != nil {
		return err
	}
	if c.out == "" && c.OutTerminal && !c.crlsOnly {
		return flags.Usage(cmd, errors.New("the Secret has a key, and stdout is a terminal: use a pipe, or --out with a file"))
	}
	f, err := openFabric(cmd, c.Terminal, c.dir, nil)
	if err != nil {
		return err
	}
	bundle, err := f.Bundle(cmd.Context(), cluster)
	if err != nil {
		return err
	}
	secret, err := c.secret(cluster, bundle)
	if err != nil {
		return err
	}
	findings, err := f.BundleFindings(cmd.Context(), cluster)
	if err != nil {
		c.Warn("cannot check revocation: %v", err)
	}
	reportFindings(c.Terminal, cmd, findings) // the bundle is printed nevertheless: there may be no other
	data, err := view.Encode(c.format.String(), secret)
	if err != nil {
		return err
	}
	return c.DeliverSecret(c.out, data)
}

func (c *secretCommand) secret(cluster string, bundle *secrets.CACerts) (*corev1.Secret, error) {
	if !c.crlsOnly {
		return bundle.Secret(c.namespace), nil
	}
	secret, err := bundle.CRLSecret(c.namespace)
	if err != nil {
		return nil, fmt.Errorf("%s: cluster %s: %w", c.dir, cluster, err)
	}
	return secret, nil
}
