package main

import (
	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/files"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/hint"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
	"github.com/trustgen/trustgen/secrets/fabric"
)

type crlImportCommand struct {
	*term.Terminal
	dir      string
	password flags.Password
	options  fabric.ImportCRLsOptions
	format   flags.Format
}

func newCRLImport(t *term.Terminal) *cobra.Command {
	c := &crlImportCommand{Terminal: t}
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Import CAs and CRLs of other directories",
		Example: `  # From the directory of another cluster
  trustgen crl --with-certificates --dir other | trustgen crl import -

  # From a corporate root
  curl -s http://crl.example.com/root.crl | trustgen crl import -

  # From a cluster: the CRLs of an ephemeral issuer, and those of istiod
  kubectl --context west get configmap trustgen-crls -n trustgen-system -o yaml | trustgen crl import -
  kubectl --context west get secret cacerts -n istio-system -o yaml | trustgen crl import -`,
		Long: `FILE has CRLs, and certificates of CAs that are new to the directory: in PEM with text
around it, one of them in DER, or in a Secret or ConfigMap, whose keys are ignored; - is
stdin. Certificates have to lead to a known CA, and CRLs have to be signed by one: the
CRL of an unknown CA is ignored, with a warning. A CRL is accepted if its number is
higher than that of the CRL in the directory. A revocation in either of the two stays: a
CA whose key is in the directory signs the next CRL with both; otherwise a CRL without an
earlier revocation is refused.

All files are one transaction. Where CRLs are published, every cluster gets the new CRL
bundle.`,
		Args: flags.Files,
		RunE: c.run,
	}
	flags.AddDir(cmd, &c.dir)
	c.password.Add(cmd, "the CA's key, if it has to sign")
	flags.AddIncomplete(cmd, &c.options.Incomplete)
	flags.AddDryRun(cmd, &c.options.DryRun)
	c.format.Add(cmd, "table", "yaml", "json")
	return cmd
}

func (c *crlImportCommand) run(cmd *cobra.Command, args []string) error {
	all, err := files.ReadExchange(cmd.Context(), c.Terminal, args...)
	if err != nil {
		return err
	}
	if len(all.Certificates)+len(all.CRLs) == 0 {
		c.Note("there is nothing to import")
		return c.print(fabric.ImportCRLsResult{})
	}
	f, err := openFabric(cmd, c.Terminal, c.dir, c.password.Opening(c.Terminal))
	if err != nil {
		return err
	}
	done, err := f.ImportCRLs(cmd.Context(), all, c.options)
	if err != nil {
		return err
	}
	c.report(f, done)
	if err := c.print(done); err != nil {
		return err
	}
	return done.NotInEffect()
}

func (c *crlImportCommand) print(done fabric.ImportCRLsResult) error {
	return view.Print(c.Out, c.format.String(), view.NewCRLImport(done, c.options.DryRun))
}

func (c *crlImportCommand) report(f *fabric.Fabric, done fabric.ImportCRLsResult) {
	reportPublication(c.Terminal, done.Publication, c.options.DryRun)
	for _, cert := range done.Discovered {
		c.Note("discovered %s, a CA until %s", cert.Subject, term.Time(cert.NotAfter))
	}
	reportImported(c.Terminal, done.Merged)
	switch {
	case c.options.DryRun:
		c.Note("dry run: nothing is changed in %s", f.Dir())
	case done.Publishes && !done.Written:
		c.Warn("the clusters keep their CRL bundles until no CRL is missing")
	case done.Changed && done.Publishes:
		view.Rollout(c.Terminal, c.dir, done.Rollout())
	case done.Changed:
		c.Note("CRLs are not published: 'trustgen crl refresh%s' publishes them to every cluster", hint.DirFlag(c.dir))
	}
}
