package flags

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// Format is the flag for the format of the result.
type Format struct {
	name    string
	allowed []string
}

func (f *Format) String() string { return f.name }

// Type implements [pflag.Value].
func (f *Format) Type() string { return "format" }

// Set implements [pflag.Value].
func (f *Format) Set(s string) error {
	if !slices.Contains(f.allowed, s) {
		return fmt.Errorf("expected %s", strings.Join(f.allowed, ", "))
	}
	f.name = s
	return nil
}

// Add adds the flag -o with the formats of a command, the default first.
func (f *Format) Add(cmd *cobra.Command, formats ...string) {
	f.name, f.allowed = formats[0], formats
	cmd.Flags().VarP(f, "output", "o", "`format` of the result: "+strings.Join(formats, ", "))
	complete(cmd, "output", formats)
}

// complete offers values for a flag to shells.
func complete(cmd *cobra.Command, flag string, values []string) {
	_ = cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values, cobra.ShellCompDirectiveNoFileComp
	})
}
