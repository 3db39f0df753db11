package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/files"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/hint"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
	"github.com/trustgen/trustgen/secrets/fabric"
)

type crossSignCommand struct {
	*term.Terminal
	dir      string
	end      flags.End
	out      string
	password flags.Password
	options  fabric.CrossSignOptions
	format   flags.Format
}

func newCrossSign(t *term.Terminal) *cobra.Command {
	c := &crossSignCommand{Terminal: t}
	cmd := &cobra.Command{
		Use:   "cross-sign FILE",
		Short: "Let this mesh trust another root: that of another mesh, or its own next one",
		Example: `  # The root of another mesh, with the identities of its trust domain only
  trustgen cross-sign other-root.pem --trust-domain other.example --out cross.pem

  # The next root of this mesh
  trustgen cross-sign next-root.pem --next-root --out cross.pem`,
		Long: `FILE is the certificate of the other root, in PEM or DER; - is stdin. The root of the
directory certifies its key, with path length 1. Whoever trusts this root then accepts
chains of the other root that include the cross-certificate: put it between the
intermediates of the other mesh and its root, into their cert-chain.pem.

The root of another mesh can issue only identities of its own trust domain. If that is
the trust domain of this mesh, it could issue identities of this one:
--allow-shared-trust-domain allows that. The next root of this mesh may issue all.

Where CRLs are published, proxies need those of the other root and of its CAs: run
'trustgen crl --with-certificates' in its directory, and 'trustgen crl import' in this
one.`,
		Args: flags.OneFile,
		RunE: c.run,
	}
	flags.AddDir(cmd, &c.dir)
	cmd.Flags().StringVar(&c.options.TrustDomain, "trust-domain", "", "trust `domain` of the other mesh")
	cmd.Flags().BoolVar(&c.options.AllowSharedTrustDomain, "allow-shared-trust-domain", false, "let the other root issue identities of this mesh")
	cmd.Flags().BoolVar(&c.options.Next, "next-root", false, "it is the next root of this mesh")
	c.end.AddNotAfter(cmd, "that of the root that ends first")
	cmd.Flags().StringVar(&c.out, "out", "", "new `file` for the cross-certificate (default stdout)")
	c.password.Add(cmd, "the root's key")
	flags.AddDryRun(cmd, &c.options.DryRun)
	c.format.Add(cmd, "pem", "table", "yaml", "json")
	return cmd
}

func (c *crossSignCommand) run(cmd *cobra.Command, args []string) error {
	if err := c.check(); err != nil {
		return flags.Usage(cmd, err)
	}
	root, err := files.ReadRoot(cmd.Context(), c.Terminal, args[0])
	if err != nil {
		return err
	}
	f, err := openFabric(cmd, c.Terminal, c.dir, c.password.Opening(c.Terminal))
	if err != nil {
		return err
	}
	c.options.NotAfter = c.end.From(c.Now())
	done, err := f.CrossSign(cmd.Context(), root, c.options)
	if err != nil {
		return fmt.Errorf("%s: %w", term.InputName(args[0]), err)
	}
	c.report(f, done)
	if c.format.String() != "pem" {
		return view.Print(c.Out, c.format.String(), view.NewCertificate(done.Certificate))
	}
	if c.options.DryRun {
		return nil
	}
	return c.Deliver(c.out, ca.MarshalCertificates(done.Cross))
}

func (c *crossSignCommand) check() error {
	switch {
	case c.options.Next && c.options.TrustDomain != "":
		return errors.New("--next-root and --trust-domain cannot be combined")
	case !c.options.Next && c.options.TrustDomain == "":
		return errors.New("--trust-domain of the other mesh is missing; for the next root of this mesh use --next-root")
	case c.options.Next && c.options.AllowSharedTrustDomain:
		return errors.New("--next-root and --allow-shared-trust-domain cannot be combined")
	case c.out != "" && c.format.String() != "pem":
		return errors.New("--out requires --output pem")
	}
	return nil
}

func (c *crossSignCommand) report(f *fabric.Fabric, done fabric.CrossSignResult) {
	switch {
	case c.options.DryRun:
		c.Note("dry run: nothing is changed in %s. Would sign this certificate:", f.Dir())
	case done.Again:
		c.Note("%s was cross-signed before:", done.Certificate.Subject)
	default:
		c.Note("cross-signed %s:", done.Certificate.Subject)
	}
	c.Details(view.CrossCertificate(done.Cross))
	if c.options.DryRun {
		return
	}
	if c.options.AllowSharedTrustDomain {
		c.Warn("%s can issue identities of this mesh", done.Certificate.Subject)
	}
	if done.WithoutCRL {
		c.Warn("CRLs are published, and that of %s is missing: proxies refuse its chains until it is imported: 'trustgen crl import FILE%s'", done.Certificate.Subject, hint.DirFlag(c.dir))
	}
}
