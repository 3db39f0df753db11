package flags

import "github.com/spf13/cobra"

// Kubernetes are the flags for the cluster that a command reads.
type Kubernetes struct{ Kubeconfig, Context string }

// Add adds the flags.
func (f *Kubernetes) Add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.Kubeconfig, "kubeconfig", "", "`file` with the cluster to read (default as for kubectl)")
	cmd.Flags().StringVar(&f.Context, "context", "", "`name` of a context in the kubeconfig (default the current one)")
}
