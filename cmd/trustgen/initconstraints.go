package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets"
)

// constraintFlags ask for name constraints, and say which names istiod has.
type constraintFlags struct {
	wanted    bool
	namespace labelFlag
	revisions labelsFlag
	names     dnsNamesFlag
}

// istiodFlags are those about istiod alone.
var istiodFlags = []string{"istiod-namespace", "revision", "istiod-name"}

func addConstraints(cmd *cobra.Command, f *constraintFlags) {
	f.namespace = secrets.DefaultNamespace
	cmd.Flags().BoolVar(&f.wanted, "name-constraints", false, "limit every intermediate to the trust domain and to the names of istiod")
	cmd.Flags().Var(&f.namespace, "istiod-namespace", "`namespace` of istiod")
	cmd.Flags().Var(&f.revisions, "revision", "`revision` of an istiod, which has a name of its own; repeat it for more")
	cmd.Flags().Var(&f.names, "istiod-name", "DNS `name` that istiod was configured to have beside these (discoveryAddress, ISTIOD_CUSTOM_HOST); repeat it for more")
}

// istiod are the names of istiod's own certificate.
func (f *constraintFlags) istiod() []string {
	names := secrets.IstiodNames(string(f.namespace), f.revisions...)
	return append(names, f.names...)
}

// constraints are those that were asked for, none where there are to be none.
func (f *constraintFlags) constraints() []string {
	if !f.wanted {
		return nil
	}
	return f.istiod()
}

// check expects that names are given for something.
func (f *constraintFlags) check(cmd *cobra.Command) error {
	if name := given(cmd, istiodFlags); name != "" && !f.wanted {
		return fmt.Errorf("%s is about name constraints: --name-constraints is missing", name)
	}
	return nil
}

// labelFlag reads one part of a DNS name, such as a namespace.
type labelFlag string

func (f *labelFlag) String() string { return string(*f) }
func (f *labelFlag) Type() string   { return "name" }

func (f *labelFlag) Set(s string) error {
	if err := ca.CheckDNSName(s); err != nil || strings.Contains(s, ".") {
		return errors.New("expected a DNS-1123 label: a-z, 0-9 and -")
	}
	*f = labelFlag(s)
	return nil
}

// labelsFlag reads several of them.
type labelsFlag []string

func (f *labelsFlag) String() string { return strings.Join(*f, ",") }
func (f *labelsFlag) Type() string   { return "name" }

func (f *labelsFlag) Set(s string) error {
	for _, name := range strings.Split(s, ",") {
		var label labelFlag
		if err := label.Set(name); err != nil {
			return err
		}
		*f = append(*f, name)
	}
	return nil
}

// dnsNamesFlag reads DNS names, several at a time or one by one.
type dnsNamesFlag []string

func (f *dnsNamesFlag) String() string { return strings.Join(*f, ",") }
func (f *dnsNamesFlag) Type() string   { return "name" }

func (f *dnsNamesFlag) Set(s string) error {
	for _, name := range strings.Split(s, ",") {
		if err := ca.CheckDNSName(name); err != nil {
			return err
		}
		*f = append(*f, name)
	}
	return nil
}
