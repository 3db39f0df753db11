package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/secrets/fabric"
)

type initCommand struct {
	*terminal
	dir     string
	keyType keyTypeFlag
	end     endFlag
	init    fabric.InitOptions
	output  outputFlag
}

func newInit(t *terminal) *cobra.Command {
	c := &initCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make the root of a mesh",
		Example: `  # A P-256 root for ten years, below ./trust
  trustgen init

  # A root for a mesh with a trust domain of its own
  trustgen init --trust-domain mesh.example.com --organization Example --key-type P-384 --not-after 3650d`,
		Long: `The key of the root is written unencrypted, readable by its owner only. Who holds
it can impersonate every workload of the mesh: make it on a machine that is not
in any cluster, and keep the directory on an encrypted volume.`,
		Args: noArgs,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	addKeyType(cmd, &c.keyType, "P-256")
	addNotAfter(cmd, &c.end, "3650d")
	cmd.Flags().StringVar(&c.init.CommonName, "common-name", "root", "`name` of the root; a tag from its key is added")
	cmd.Flags().StringVar(&c.init.Organization, "organization", "", "`name` of the mesh in every CA (default the trust domain)")
	cmd.Flags().StringVar(&c.init.TrustDomain, "trust-domain", fabric.DefaultTrustDomain, "trust `domain` of the mesh")
	addDryRun(cmd, &c.init.DryRun)
	addOutput(cmd, &c.output, "table", "yaml", "json")
	return cmd
}

type initResult struct {
	Root   *certificateResult `json:"root"`
	DryRun bool               `json:"dryRun,omitempty"`
}

func (c *initCommand) run(cmd *cobra.Command, _ []string) error {
	f, err := openFabric(cmd, c.terminal, c.dir)
	if err != nil {
		return err
	}
	c.init.KeyType = c.keyType.KeyType
	c.init.NotAfter = c.end.from(c.Now())
	root, err := f.Init(cmd.Context(), c.init)
	if err != nil {
		return err
	}
	if c.init.DryRun {
		c.note("dry run: would make a root in %s", f.Dir())
	} else {
		c.rootMade(f, root)
	}
	return c.output.print(c.Out, initResult{newCertificateResult(root), c.init.DryRun}, func(w io.Writer) error {
		return printTable(w, [][]string{
			{"SUBJECT", "KEY", "NOT AFTER", "SHA-256"},
			{root.Subject, string(root.KeyType), formatTime(root.NotAfter), root.Fingerprint},
		})
	})
}

// rootMade tells what every owner of a new root has to know.
func (t *terminal) rootMade(f *fabric.Fabric, root fabric.Certificate) {
	t.note("made a root: %s, valid until %s", root.Subject, formatTime(root.NotAfter))
	t.note("its key lies in %s and is not encrypted", f.RootKeyPath())
	t.hint("keep that key out of every cluster: it is needed only to issue, and can lie offline in between")
}

func openFabric(cmd *cobra.Command, t *terminal, dir string) (*fabric.Fabric, error) {
	return fabric.Open(cmd.Context(), dir, fabric.Options{Now: t.Now, Holder: cmd.CommandPath()})
}
