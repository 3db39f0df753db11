package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
	"github.com/trustgen/trustgen/secrets/fabric"
)

type listCommand struct {
	*term.Terminal
	dir    string
	format flags.Format
}

func newList(t *term.Terminal) *cobra.Command {
	c := &listCommand{Terminal: t}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the root, the clusters and the requests of a trust directory",
		Example: `  trustgen list

  # For a program
  trustgen list -o json`,
		Long: `The state of a CA is valid, renew-due with less than a third of its life left, expired,
or damaged. It is revoked if its CRL or that of a CA above has an entry for it,
revocation-pending after the first step of a revocation, and retired if its cluster has
left the mesh.

The exit code is 1 if a cluster or a request is damaged. All other states are reported in
the list only.`,
		Args: flags.NoArgs,
		RunE: c.run,
	}
	flags.AddDir(cmd, &c.dir)
	c.format.Add(cmd, "table", "yaml", "json")
	return cmd
}

func (c *listCommand) run(cmd *cobra.Command, _ []string) error {
	f, err := openFabric(cmd, c.Terminal, c.dir, nil)
	if err != nil {
		return noResult(err)
	}
	status, err := f.Status(cmd.Context())
	requestsOnly := errors.Is(err, fabric.ErrNoRoot) && len(status.Requests) > 0
	if err != nil && !requestsOnly {
		return noResult(err)
	}
	err = view.Print(c.Out, c.format.String(), view.NewList(status, !requestsOnly, c.Now()))
	return errors.Join(err, status.Damaged())
}
