package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

type signCommand struct {
	*term.Terminal
	dir      string
	clusters flags.Clusters
	end      flags.End
	out      string
	yes      bool
	password flags.Password
	options  fabric.SignOptions
}

func newSign(t *term.Terminal) *cobra.Command {
	c := &signCommand{Terminal: t}
	cmd := &cobra.Command{
		Use:   "sign FILE",
		Short: "Sign the request of a cluster whose key is in another directory",
		Example: `  # Shows the certificate, and asks for confirmation
  trustgen sign east.csr --out east.pem

  # Without confirmation: the name of the cluster does not come from the request
  ssh east-host trustgen request --cluster east | trustgen sign - --cluster east --yes >east.pem`,
		Long: `FILE is a certificate request in PEM or DER from 'trustgen request' or another program;
- is stdin. sign checks that the requester has the key, and copies only the public key
from the request. Everything else is as for 'trustgen intermediate'. The signed response
is the certificate with the chain up to the root, and where CRLs are published, the CAs
of the mesh with their CRLs.

On a terminal sign shows the certificate and asks for confirmation. Compare the hash of
the key with the one that request printed: it alone identifies the request. Without a
terminal --yes and --cluster are required.

A key that has a valid intermediate of the cluster gets the same certificate again.`,
		Args: flags.OneFile,
		RunE: c.run,
	}
	flags.AddDir(cmd, &c.dir)
	c.clusters.Add(cmd, "`name` of the cluster (default the one in the request)")
	c.end.AddNotAfter(cmd, "365d, or the end of the issuer if that comes before")
	cmd.Flags().StringVar(&c.out, "out", "", "new `file` for the signed response (default stdout)")
	cmd.Flags().BoolVar(&c.yes, "yes", false, "sign without confirmation")
	flags.AddRejoin(cmd, &c.options.Rejoin)
	c.password.Add(cmd, "the CA's key")
	flags.AddDryRun(cmd, &c.options.DryRun)
	return cmd
}

func (c *signCommand) run(cmd *cobra.Command, args []string) error {
	cluster, err := c.clusters.Optional(cmd)
	if err == nil {
		err = c.check(cmd)
	}
	if err != nil {
		return err
	}
	csr, err := c.Read(cmd.Context(), args[0])
	if err != nil {
		return err
	}
	if _, err := mesh.ParseRequest(csr); err != nil {
		return fmt.Errorf("%s: %w", term.InputName(args[0]), err)
	}
	f, err := openFabric(cmd, c.Terminal, c.dir, c.password.Opening(c.Terminal))
	if err != nil {
		return err
	}
	c.options.Cluster = cluster
	c.options.NotAfter = c.end.From(c.Now())
	c.options.Confirm = c.confirm()
	signed, err := f.Sign(cmd.Context(), csr, c.options)
	if err != nil {
		return err
	}
	c.report(signed)
	if signed.Certificate == nil {
		return nil
	}
	return c.Deliver(c.out, signed.Response.Marshal())
}

func (c *signCommand) check(cmd *cobra.Command) error {
	switch {
	case c.yes && len(c.clusters) == 0:
		return flags.Usage(cmd, errors.New("--cluster is missing: with --yes nobody confirms the name in the request"))
	case !c.yes && c.Ask == nil && !c.options.DryRun:
		return flags.Usage(cmd, errors.New("not a terminal: pass --yes and --cluster to sign without confirmation"))
	}
	return nil
}

// confirm asks on the terminal; nil with --yes.
func (c *signCommand) confirm() func(context.Context, fabric.SignPreview) error {
	if c.yes {
		return nil
	}
	return func(ctx context.Context, p fabric.SignPreview) error {
		fmt.Fprintln(c.Err, "trustgen: certificate to sign:")
		return c.Confirm(ctx, "Sign it?", view.SignPreview(p))
	}
}

func (c *signCommand) report(s fabric.SignResult) {
	switch {
	case s.Again:
		c.Note("the key already has a certificate of cluster %s: %s, valid until %s", s.Cluster, s.Certificate.Subject, term.Time(s.Certificate.NotAfter))
		if c.end.Given() {
			c.Hint("--not-after does not affect an existing certificate; make another key with 'trustgen request --new'")
		}
	case c.options.DryRun:
		c.Note("dry run: would sign this certificate:")
		c.Details(view.SignPreview(s.SignPreview))
	default:
		c.Note("signed %s for cluster %s, valid until %s: key SHA-256 %s", s.Certificate.Subject, s.Cluster, term.Time(s.Certificate.NotAfter), s.Key.Fingerprint)
		if !c.end.Given() && s.Certificate.NotAfter.Equal(s.Issuer.NotAfter) {
			reportEnd(c.Terminal, s.Cluster, *s.Certificate)
		}
	}
	if s.WithoutCRL {
		c.Warn("CRLs are published, and the CRL of %s is missing: proxies with the other CRLs refuse its workloads", s.Subject)
		c.Hint("before the cluster gets it, run 'trustgen crl --with-certificates' in its directory and 'trustgen crl import' in this one, and apply the new CRL bundle to every cluster")
	}
}
