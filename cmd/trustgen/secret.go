package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets"
)

type secretCommand struct {
	*terminal
	dir       string
	clusters  clusterFlag
	namespace string
	out       string
	output    outputFlag
}

func newSecret(t *terminal) *cobra.Command {
	c := &secretCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "secret --cluster NAME",
		Short: "Print a cluster's CA as the Secret that istiod reads",
		Example: `  # Hand a cluster its CA
  trustgen secret --cluster east | kubectl apply --server-side -f -

  # Into a file, for a tool that encrypts it
  trustgen secret --cluster east --out east.yaml`,
		Long: `The Secret holds the key of the intermediate. Apply it with --server-side: a
client-side apply copies the whole object, key included, into an annotation. To a
terminal the key is printed only with --out -.`,
		Args: noArgs,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	cmd.Flags().Var(&c.clusters, "cluster", "`name` of the cluster")
	cmd.Flags().StringVarP(&c.namespace, "namespace", "n", secrets.DefaultNamespace, "`namespace` of istiod")
	cmd.Flags().StringVar(&c.out, "out", "", "new `file` to write to, for its owner only; - is stdout, even a terminal")
	addOutput(cmd, &c.output, "yaml", "json")
	return cmd
}

func (c *secretCommand) run(cmd *cobra.Command, _ []string) error {
	if len(c.clusters) != 1 {
		return &usageError{errors.New("name one cluster with --cluster"), cmd}
	}
	if c.out == "" && c.OutTerminal {
		return &usageError{errors.New("the Secret holds a key, and stdout is a terminal: pipe it, or name a file with --out"), cmd}
	}
	f, err := openFabric(cmd, c.terminal, c.dir, nil)
	if err != nil {
		return err
	}
	bundle, err := f.Bundle(cmd.Context(), c.clusters[0])
	if err != nil {
		return err
	}
	data, err := c.output.encode(bundle.Secret(c.namespace))
	if err != nil {
		return err
	}
	if c.out == "" || c.out == "-" {
		_, err = c.Out.Write(data)
		return err
	}
	if err := store.CreateFile(c.out, data, store.Private); err != nil {
		return err
	}
	c.note("wrote the Secret of %s to %s", c.clusters[0], c.out)
	return nil
}
