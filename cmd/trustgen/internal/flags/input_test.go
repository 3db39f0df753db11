package flags

import (
	"errors"
	"testing"

	"github.com/spf13/cobra"
)

func TestCheckStdin(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args []string
		want string
	}{
		"nothing is stdin":           {[]string{"file", "--issuer", "issuer.yaml"}, ""},
		"an argument":                {[]string{"-", "file"}, ""},
		"a flag":                     {[]string{"--issuer", "-"}, ""},
		"a flag that reads no file":  {[]string{"-", "--out", "-"}, ""},
		"an argument and a flag":     {[]string{"-", "--issuer", "-"}, "FILE and --issuer cannot both be stdin"},
		"two flags":                  {[]string{"--certificate", "-", "--issuer=-"}, "--issuer and --certificate cannot both be stdin"},
		"an argument twice":          {[]string{"-", "-"}, "FILE can be stdin only once"},
		"a flag twice":               {[]string{"--certificate", "-", "--certificate", "-"}, "--certificate can be stdin only once"},
		"an argument twice and more": {[]string{"-", "-", "--issuer", "-"}, "FILE and --issuer cannot both be stdin"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var issuer, out string
			var certificates []string
			cmd := &cobra.Command{Use: "trustgen", SilenceErrors: true, SilenceUsage: true, PreRunE: CheckStdin, RunE: func(*cobra.Command, []string) error { return nil }}
			InputFile(cmd, &issuer, "issuer", "")
			InputFiles(cmd, &certificates, "certificate", "")
			cmd.Flags().StringVar(&out, "out", "", "")
			cmd.SetArgs(test.args)
			err := cmd.ExecuteContext(t.Context())
			usage, ok := errors.AsType[*UsageError](err)
			if ok != (test.want != "") || ok && usage.Error() != test.want {
				t.Errorf("got the error %v, want %q", err, test.want)
			}
		})
	}
}
