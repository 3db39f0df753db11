package flags

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/ca"
)

// KeyType is the flag for the type of new keys; empty unless it is set.
type KeyType struct{ ca.KeyType }

func (f *KeyType) String() string { return string(f.KeyType) }

// Type implements [pflag.Value].
func (f *KeyType) Type() string { return "type" }

// Set implements [pflag.Value].
func (f *KeyType) Set(s string) (err error) {
	f.KeyType, err = ca.ParseKeyType(s)
	return err
}

// Add adds the flag.
func (f *KeyType) Add(cmd *cobra.Command, byDefault string) {
	cmd.Flags().Var(f, "key-type", fmt.Sprintf("`type` of new keys: P-256, P-384, RSA-3072 or RSA-4096 (default %s)", byDefault))
	var names []string
	for _, t := range ca.KeyTypes() {
		names = append(names, string(t))
	}
	complete(cmd, "key-type", names)
}
