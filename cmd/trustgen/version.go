package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

type versionResult struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersion(t *terminal) *cobra.Command {
	var output outputFlag
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: `  trustgen version -o json`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			v := buildVersion()
			return output.print(t.Out, v, func(w io.Writer) error {
				_, err := fmt.Fprintf(w, "trustgen %s (%s, %s)\n", v.Version, v.Go, v.Platform)
				return err
			})
		},
	}
	addOutput(cmd, &output, "table", "yaml", "json")
	return cmd
}

func buildVersion() versionResult {
	v := versionResult{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			v.Revision = setting.Value
		}
	}
	return v
}
