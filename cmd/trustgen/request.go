package main

import (
	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/secrets/fabric"
)

type requestCommand struct {
	*term.Terminal
	dir      string
	clusters flags.Clusters
	keyType  flags.KeyType
	out      string
	options  fabric.RequestOptions
}

func newRequest(t *term.Terminal) *cobra.Command {
	c := &requestCommand{Terminal: t}
	cmd := &cobra.Command{
		Use:   "request --cluster NAME",
		Short: "Create a key for a cluster, and a request for its certificate",
		Example: `  # In a directory of the cluster, where the key stays
  trustgen request --cluster east --out east.csr

  # In the directory of the root
  trustgen sign east.csr --out east.pem

  # In the directory of the cluster
  trustgen install east.pem

  # The same with pipes
  trustgen request --cluster east | ssh root-host trustgen sign - --cluster east --yes | trustgen install - --root-cert root-cert.pem`,
		Long: `The key of an intermediate need not travel: request creates it in a directory of the
cluster, sign certifies it in the directory of the root, and install joins the two. The
request and the signed response are not secret. Compare the hash of the key that
request and sign print.

Until the response is installed, request prints the same request again; --new creates
another key and another request. A response to the first one cannot be installed then,
and has to be revoked, see 'trustgen revoke --certificate'. A cluster keeps its
intermediate until the response is installed.`,
		Args: flags.NoArgs,
		RunE: c.run,
	}
	flags.AddDir(cmd, &c.dir)
	c.clusters.Add(cmd, "`name` of the cluster: a DNS-1123 label")
	c.keyType.Add(cmd, "that of the CA that issues if it is in the directory, else P-256")
	cmd.Flags().BoolVar(&c.options.New, "new", false, "create a new key in place of one that has no response so far, or is damaged")
	cmd.Flags().StringVar(&c.out, "out", "", "new `file` for the request (default stdout)")
	flags.AddDryRun(cmd, &c.options.DryRun)
	return cmd
}

func (c *requestCommand) run(cmd *cobra.Command, _ []string) error {
	cluster, err := c.clusters.One(cmd)
	if err != nil {
		return err
	}
	f, err := openFabric(cmd, c.Terminal, c.dir, nil)
	if err != nil {
		return err
	}
	c.options.KeyType = c.keyType.KeyType
	made, err := f.Request(cmd.Context(), cluster, c.options)
	if err != nil {
		return err
	}
	c.report(f, cluster, made)
	if made.CSR == nil {
		return nil
	}
	return c.Deliver(c.out, made.CSR)
}

func (c *requestCommand) report(f *fabric.Fabric, cluster string, made fabric.RequestResult) {
	switch {
	case made.Action == fabric.Kept:
		c.Note("the request of %s waits for its response: key %s, SHA-256 %s", cluster, made.Key.Type, made.Key.Fingerprint)
		if c.keyType.KeyType != "" && c.keyType.KeyType != made.Key.Type {
			c.Hint("--key-type does not affect an existing request; use --new")
		}
	case c.options.DryRun:
		c.Note("dry run: would create a %s key and a request for %s in %s", made.Key.Type, cluster, f.Dir())
	default:
		c.Note("created a key and a request for %s: key %s, SHA-256 %s", cluster, made.Key.Type, made.Key.Fingerprint)
	}
	if made.Action == fabric.Renewed && !c.options.DryRun {
		c.Hint("if the replaced request was signed, revoke the certificate in the directory of the root: 'trustgen revoke --certificate FILE'")
	}
	if made.Current != nil {
		c.Note("%s has %s, valid until %s, and keeps it until the response is installed", cluster, made.Current.Subject, term.Time(made.Current.NotAfter))
	}
}
