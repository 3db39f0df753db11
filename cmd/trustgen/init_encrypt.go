package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
	"github.com/trustgen/trustgen/secrets/fabric"
)

func (c *initCommand) runEncrypt(cmd *cobra.Command) error {
	others := slices.Concat([]string{"trust-domain", "no-password", "name-constraints"}, istiodFlags, newRootFlags, importNames)
	if other := flags.Given(cmd, others...); other != "" {
		return flags.Usagef(cmd, "--encrypt and %s cannot be combined", other)
	}
	f, err := openFabric(cmd, c.Terminal, c.dir, nil)
	if err != nil {
		return err
	}
	done, err := f.Encrypt(cmd.Context(), fabric.EncryptOptions{
		NewPassphrase: c.password.Choosing(c.Terminal),
		DryRun:        c.options.DryRun,
	})
	if err != nil {
		return err
	}
	if c.options.DryRun {
		c.Note("dry run: would encrypt %s", done.KeyPath)
	} else {
		c.Note("encrypted %s, the key of %s", done.KeyPath, done.Certificate.Subject)
		c.Hint("backups of the directory and blocks of the disk may still have the plain key")
	}
	return view.Print(c.Out, c.format.String(),
		view.Encrypt{KeyFile: done.KeyPath, Certificate: view.NewCertificate(done.Certificate), DryRun: c.options.DryRun})
}
