package flags

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/secrets/mesh"
)

// Clusters is the flag for the names of clusters: it can be repeated, or have several at a time.
type Clusters []string

func (f *Clusters) String() string { return strings.Join(*f, ",") }

// Type implements [pflag.Value].
func (f *Clusters) Type() string { return "name" }

// Set implements [pflag.Value].
func (f *Clusters) Set(s string) error { return appendEach((*[]string)(f), s, mesh.CheckCluster) }

// Add adds the flag.
func (f *Clusters) Add(cmd *cobra.Command, usage string) { cmd.Flags().Var(f, "cluster", usage) }

// One is the name of the only cluster. The error is a [*UsageError].
func (f *Clusters) One(cmd *cobra.Command) (string, error) {
	if len(*f) != 1 {
		return "", Usage(cmd, errors.New("name one cluster with --cluster"))
	}
	return (*f)[0], nil
}

// Optional is the name of the only cluster, empty where there is none. The error is a
// [*UsageError].
func (f *Clusters) Optional(cmd *cobra.Command) (string, error) {
	if len(*f) == 0 {
		return "", nil
	}
	return f.One(cmd)
}

// RequireSome requires at least one cluster. The error is a [*UsageError].
func (f *Clusters) RequireSome(cmd *cobra.Command) error {
	if len(*f) == 0 {
		return Usage(cmd, errors.New("no cluster is named: --cluster is missing"))
	}
	return nil
}

// AddRejoin adds --rejoin.
func AddRejoin(cmd *cobra.Command, rejoin *bool) {
	cmd.Flags().BoolVar(rejoin, "rejoin", false, "let a cluster rejoin the mesh that has left it, see 'trustgen retire'")
}
