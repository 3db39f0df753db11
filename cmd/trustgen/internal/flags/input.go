package flags

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// inputs is the annotation of a command with the names of its flags that read a file.
const inputs = "trustgen.inputs"

// InputFile adds a flag for the name of a file to read; - is stdin.
func InputFile(cmd *cobra.Command, value *string, name, usage string) {
	cmd.Flags().StringVar(value, name, "", usage)
	markInput(cmd, name)
}

// InputFiles is InputFile for a flag that can be repeated.
func InputFiles(cmd *cobra.Command, values *[]string, name, usage string) {
	cmd.Flags().StringArrayVar(values, name, nil, usage)
	markInput(cmd, name)
}

func markInput(cmd *cobra.Command, name string) {
	if cmd.Annotations == nil {
		cmd.Annotations = make(map[string]string)
	}
	cmd.Annotations[inputs] += " " + name
	_ = cmd.MarkFlagFilename(name)
}

// CheckStdin refuses a command line that names stdin more than once, as arguments or in the flags
// of InputFile. The error is a [*UsageError].
func CheckStdin(cmd *cobra.Command, args []string) error {
	var claims []string
	claim := func(name string, values ...string) {
		for _, value := range values {
			if value == "-" {
				claims = append(claims, name)
			}
		}
	}
	claim("FILE", args...)
	for _, name := range strings.Fields(cmd.Annotations[inputs]) {
		value := cmd.Flags().Lookup(name).Value
		if repeated, ok := value.(interface{ GetSlice() []string }); ok {
			claim("--"+name, repeated.GetSlice()...)
		} else {
			claim("--"+name, value.String())
		}
	}
	names := slices.Compact(slices.Clone(claims))
	switch {
	case len(claims) < 2:
		return nil
	case len(names) == 1:
		return Usagef(cmd, "%s can be stdin only once", names[0])
	}
	return Usagef(cmd, "%s cannot both be stdin", strings.Join(names[:2], " and "))
}
