package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/secrets/fabric"
)

type secretCommand struct {
	*terminal
	dir       string
	clusters  clusterFlag
	namespace string
	crlsOnly  bool
	out       string
	output    outputFlag
}

func newSecret(t *terminal) *cobra.Command {
	c := &secretCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "secret --cluster NAME",
		Short: "Print a cluster's CA as the Secret that istiod reads",
		Example: `  # Hand a cluster its CA
  trustgen secret --cluster east | kubectl --context east apply --server-side -f -

  # What another intermediate is to have known before it is there: the CRLs alone
  trustgen secret --cluster east --crls-only | kubectl --context east apply --server-side --field-manager=trustgen-crls --force-conflicts -f -

  # Into a file, for a tool that encrypts it
  trustgen secret --cluster east --out east.yaml`,
		Long: `The Secret holds the key of the intermediate. Apply it with --server-side: a
client-side apply copies the whole object, key included, into an annotation. To a
terminal the key is printed only with --out -.

The context of kubectl in the examples is named like the cluster. Name it in every
such command: where the current context is another cluster, the key of east would
take the place of the one that is there.

--crls-only leaves all out but the CRLs. Apply it with a field manager of its own, as
above: then it changes nothing else in the Secret. It is for a cluster that has a CA
already: istiod does not start with a Secret that has nothing but CRLs.`,
		Args: noArgs,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	cmd.Flags().Var(&c.clusters, "cluster", "`name` of the cluster")
	cmd.Flags().StringVarP(&c.namespace, "namespace", "n", secrets.DefaultNamespace, "`namespace` of istiod")
	cmd.Flags().BoolVar(&c.crlsOnly, "crls-only", false, "the CRLs alone, for a cluster that has a CA: it knows those of the others before it meets them")
	cmd.Flags().StringVar(&c.out, "out", "", "new `file` to write to, for its owner only; - is stdout, even a terminal")
	addOutput(cmd, &c.output, "yaml", "json")
	return cmd
}

func (c *secretCommand) run(cmd *cobra.Command, _ []string) error {
	if len(c.clusters) != 1 {
		return &usageError{errors.New("name one cluster with --cluster"), cmd}
	}
	if c.out == "" && c.OutTerminal && !c.crlsOnly {
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
	secret, err := c.secret(bundle)
	if err != nil {
		return err
	}
	c.warnRevoked(cmd.Context(), f, bundle)
	data, err := c.output.encode(secret)
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

func (c *secretCommand) secret(bundle *secrets.CACerts) (*corev1.Secret, error) {
	if !c.crlsOnly {
		return bundle.Secret(c.namespace), nil
	}
	secret, err := bundle.CRLSecret(c.namespace)
	if err != nil {
		return nil, fmt.Errorf("%s: cluster %s: %w", c.dir, c.clusters[0], err)
	}
	return secret, nil
}

// warnRevoked tells of a CA that others refuse, or are going to. The set is printed
// nevertheless: there may be no other.
func (c *secretCommand) warnRevoked(ctx context.Context, f *fabric.Fabric, bundle *secrets.CACerts) {
	known, err := f.Authorities(ctx)
	if err != nil {
		c.warn("whether it is revoked cannot be said: %v", err)
	}
	for _, cert := range bundle.Chain() {
		for _, a := range known.All {
			if a.Certificate.Fingerprint != fingerprint(cert.Raw) {
				continue
			}
			switch a.Standing {
			case fabric.StandingRevoked:
				c.warn("%s is revoked: proxies that have the CRL refuse the workloads of %s", a.Certificate.Subject, c.clusters[0])
			case fabric.StandingRevocationPending:
				c.warn("%s is going to be revoked: 'trustgen intermediate --cluster %s%s --renew' issues another one", a.Certificate.Subject, c.clusters[0], dirFlag(c.dir))
			}
		}
	}
}
