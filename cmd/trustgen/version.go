package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
)

func newVersion(t *term.Terminal) *cobra.Command {
	var format flags.Format
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: `  trustgen version -o json`,
		Args:    flags.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return view.Print(t.Out, format.String(), buildVersion()) },
	}
	format.Add(cmd, "table", "yaml", "json")
	return cmd
}

func buildVersion() view.Version {
	v := view.Version{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
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
