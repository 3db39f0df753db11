package main

import (
	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
)

func newCheck(t *term.Terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Explain decisions of the controller",
		Example: `  # Why is a request in the cluster signed or refused?
  trustgen check csr csr-workload-8xk2p`,
		Args: noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCheckCSR(t))
	return cmd
}
