package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newCheck(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Explain what the controller decides",
		Example: `  # Why is a request in the cluster signed, or not?
  trustgen check csr csr-workload-8xk2p`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &usageError{fmt.Errorf("unknown command %q", args[0]), cmd}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCheckCSR(t))
	return cmd
}
