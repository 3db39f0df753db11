package main

import "github.com/spf13/cobra"

func newCheck(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Explain what the controller decides",
		Example: `  # Why is a request in the cluster signed, or not?
  trustgen check csr csr-workload-8xk2p`,
		Args: noCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCheckCSR(t))
	return cmd
}
