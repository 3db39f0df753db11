package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets/fabric"
)

type requestCommand struct {
	*terminal
	dir      string
	clusters clusterFlag
	keyType  keyTypeFlag
	out      string
	request  fabric.RequestOptions
}

func newRequest(t *terminal) *cobra.Command {
	c := &requestCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "request --cluster NAME",
		Short: "Make a key for a cluster, and a request for its certificate",
		Example: `  # In a directory beside the cluster, where the key stays
  trustgen request --cluster east --out east.csr

  # Where the root is
  trustgen sign east.csr --out east.pem

  # Beside the cluster again
  trustgen install east.pem

  # The same by pipes
  trustgen request --cluster east | ssh root-host trustgen sign - --cluster east --yes | trustgen install - --root-cert root-cert.pem`,
		Long: `The key of an intermediate need not travel: request makes it where the cluster is,
sign certifies it where the root is, and install puts the two together. The request
and its answer are not secret. Compare the hash of the key that request and sign
show.

As long as a request waits for its answer it is given again; --new makes another key
and another request. An answer to the first one has to be revoked then, see 'trustgen
revoke --certificate': nobody can install it. A cluster that has an intermediate keeps it until the answer is
installed.`,
		Args: noArgs,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	cmd.Flags().Var(&c.clusters, "cluster", "`name` of the cluster: a DNS-1123 label")
	addKeyType(cmd, &c.keyType, "that of the CA that issues if it is here, else P-256")
	cmd.Flags().BoolVar(&c.request.New, "new", false, "make a new key in place of one that waits, or that is damaged")
	cmd.Flags().StringVar(&c.out, "out", "", "new `file` for the request (default stdout)")
	addDryRun(cmd, &c.request.DryRun)
	return cmd
}

func (c *requestCommand) run(cmd *cobra.Command, _ []string) error {
	if len(c.clusters) != 1 {
		return &usageError{errors.New("name one cluster with --cluster"), cmd}
	}
	f, err := openFabric(cmd, c.terminal, c.dir, nil)
	if err != nil {
		return err
	}
	c.request.KeyType = c.keyType.KeyType
	made, err := f.Request(cmd.Context(), c.clusters[0], c.request)
	if err != nil {
		return err
	}
	c.tell(f, made)
	if made.CSR == nil {
		return nil
	}
	return c.deliver(c.out, made.CSR)
}

func (c *requestCommand) tell(f *fabric.Fabric, made fabric.Requested) {
	cluster := c.clusters[0]
	switch {
	case made.Action == fabric.Kept:
		c.note("the request of %s waits for its answer: key %s, SHA-256 %s", cluster, made.Key.Type, made.Key.Fingerprint)
		if c.keyType.KeyType != "" && c.keyType.KeyType != made.Key.Type {
			c.hint("what waits does not take --key-type; --new makes another key")
		}
	case c.request.DryRun:
		c.note("dry run: would make a %s key and a request for %s in %s", made.Key.Type, cluster, f.Dir())
	default:
		c.note("made a key and a request for %s: key %s, SHA-256 %s", cluster, made.Key.Type, made.Key.Fingerprint)
	}
	if made.Action == fabric.Renewed && !c.request.DryRun {
		c.hint("if the request that it replaces was signed, have the answer revoked where the root is: 'trustgen revoke --certificate FILE'")
	}
	if made.Current != nil {
		c.note("%s has %s, valid until %s, and keeps it until the answer is installed", cluster, made.Current.Subject, formatTime(made.Current.NotAfter))
	}
}

// deliver writes what is not secret to stdout, or to a new file.
func (t *terminal) deliver(out string, data []byte) error {
	if out == "" || out == "-" {
		_, err := t.Out.Write(data)
		return err
	}
	if err := store.CreateFile(out, data, store.Public); err != nil {
		return err
	}
	t.note("wrote %s", out)
	return nil
}
