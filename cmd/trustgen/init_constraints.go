package main

import (
	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/secrets"
)

// constraintFlags enable name constraints, and describe the names of istiod.
type constraintFlags struct {
	enabled   bool
	namespace flags.Label
	revisions flags.Labels
	names     flags.DNSNames
}

// istiodFlags are those that describe istiod.
var istiodFlags = []string{"istiod-namespace", "revision", "istiod-name"}

func (f *constraintFlags) add(cmd *cobra.Command) {
	f.namespace = secrets.DefaultNamespace
	cmd.Flags().BoolVar(&f.enabled, "name-constraints", false, "limit every intermediate to the trust domain and to the names of istiod")
	cmd.Flags().Var(&f.namespace, "istiod-namespace", "`namespace` of istiod")
	cmd.Flags().Var(&f.revisions, "revision", "`revision` of an istiod, which has its own name; repeat it for more")
	cmd.Flags().Var(&f.names, "istiod-name", "additional DNS `name` of istiod (discoveryAddress, ISTIOD_CUSTOM_HOST); repeat it for more")
}

// istiodNames are the names in the certificate of istiod.
func (f *constraintFlags) istiodNames() []string {
	names := secrets.IstiodNames(string(f.namespace), f.revisions...)
	return append(names, f.names...)
}

// dnsNames are those of the name constraints, nil without constraints.
func (f *constraintFlags) dnsNames() []string {
	if !f.enabled {
		return nil
	}
	return f.istiodNames()
}

// check refuses names of istiod without constraints.
func (f *constraintFlags) check(cmd *cobra.Command) error {
	if name := flags.Given(cmd, istiodFlags...); name != "" && !f.enabled {
		return flags.Usagef(cmd, "%s requires --name-constraints", name)
	}
	return nil
}
