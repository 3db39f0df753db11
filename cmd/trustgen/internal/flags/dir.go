package flags

import "github.com/spf13/cobra"

// DefaultDir is the trust directory of a command without --dir.
const DefaultDir = "trust"

// AddDir adds the flag for the trust directory.
func AddDir(cmd *cobra.Command, dir *string) {
	cmd.Flags().StringVar(dir, "dir", DefaultDir, "the trust `directory`")
	_ = cmd.MarkFlagDirname("dir")
}

// AddDryRun adds the flag for a dry run.
func AddDryRun(cmd *cobra.Command, dryRun *bool) {
	cmd.Flags().BoolVar(dryRun, "dry-run", false, "check everything, change nothing")
}

// AddIncomplete adds the flag that allows a CRL bundle with missing entries.
func AddIncomplete(cmd *cobra.Command, incomplete *bool) {
	cmd.Flags().BoolVar(incomplete, "incomplete", false, "write CRL bundles even if CRLs are missing: proxies then refuse the chains of those CAs")
}
