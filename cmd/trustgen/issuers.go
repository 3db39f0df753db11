package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

type issuersCommand struct {
	*term.Terminal
	kubernetes flags.Kubernetes
	format     flags.Format
}

func newIssuers(t *term.Terminal) *cobra.Command {
	c := &issuersCommand{Terminal: t}
	cmd := &cobra.Command{
		Use:   "issuers",
		Short: "List the issuers of a cluster with their status",
		Example: `  trustgen issuers

  # For a program
  trustgen issuers -o json`,
		Long: `It lists the status that the controller wrote: whether an issuer is ready, and its CA, if
that can be determined without a signature. An issuer that is not ready may still sign
with its last valid configuration; the messages of such issuers go to stderr.`,
		Args: flags.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.run(cmd.Context()) },
	}
	c.kubernetes.Add(cmd)
	c.format.Add(cmd, "table", "yaml", "json")
	return cmd
}

func (c *issuersCommand) run(ctx context.Context) error {
	result, err := c.read(ctx)
	if err != nil {
		return noResult(err)
	}
	if err := view.Print(c.Out, c.format.String(), result); err != nil {
		return err
	}
	if len(result.Issuers) == 0 {
		c.Note("the cluster has no issuers")
	}
	for i := range result.Issuers {
		if e := &result.Issuers[i]; e.Ready != metav1.ConditionTrue && e.Message != "" {
			c.Note("%s: %s", e.Path(), term.Printable(e.Message))
		}
	}
	return nil
}

func (c *issuersCommand) read(ctx context.Context) (view.Issuers, error) {
	reader, err := openCluster(c.kubernetes)
	if err != nil {
		return view.Issuers{}, err
	}
	var cluster v1alpha1.TrustClusterIssuerList
	if err := reader.List(ctx, &cluster); err != nil {
		return view.Issuers{}, fmt.Errorf("list the TrustClusterIssuers: %w", err)
	}
	var namespaced v1alpha1.TrustIssuerList
	if err := reader.List(ctx, &namespaced); err != nil {
		return view.Issuers{}, fmt.Errorf("list the TrustIssuers: %w", err)
	}
	return view.NewIssuers(cluster.Items, namespaced.Items, c.Now()), nil
}
