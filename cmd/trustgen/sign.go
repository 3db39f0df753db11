package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets/fabric"
)

type signCommand struct {
	*terminal
	dir      string
	clusters clusterFlag
	end      endFlag
	out      string
	yes      bool
	password passwordFlags
	sign     fabric.SignOptions
}

func newSign(t *terminal) *cobra.Command {
	c := &signCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "sign FILE",
		Short: "Answer the request of a cluster whose key is elsewhere",
		Example: `  # Shows what it will sign, and asks
  trustgen sign east.csr --out east.pem

  # Without a person: the name of the cluster does not come from the request then
  ssh east-host trustgen request --cluster east | trustgen sign - --cluster east --yes >east.pem`,
		Long: `FILE is a certificate request in PEM or DER, made by 'trustgen request' or by another
program; - is stdin. Of the request only the public key is taken, once it is known
that whoever made it has the key. Everything else is as for 'trustgen intermediate'.
The answer is the certificate with the chain up to the root, and where CRLs are
published, the CAs of the mesh with their CRLs.

On a terminal sign shows what it will sign and asks. Compare the hash of the key with
the one that request showed: it is all that tells one request from another. Elsewhere
--yes goes ahead, and --cluster has to say whose intermediate it is.

A key that has a valid intermediate of the cluster gets the same certificate again.`,
		Args: oneFile,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	cmd.Flags().Var(&c.clusters, "cluster", "`name` of the cluster (default the one that the request was made for)")
	addNotAfter(cmd, &c.end, "365d, or the end of the issuer if that comes before")
	cmd.Flags().StringVar(&c.out, "out", "", "new `file` for the answer (default stdout)")
	cmd.Flags().BoolVar(&c.yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&c.sign.Rejoin, "rejoin", false, "let a cluster come back that has left the mesh, see 'trustgen retire'")
	addPasswordFile(cmd, &c.password, "the CA's key")
	addDryRun(cmd, &c.sign.DryRun)
	return cmd
}

// oneFile wants the name of a file, or - for stdin.
func oneFile(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return someFiles(cmd, args)
	case len(args) > 1:
		return &usageError{fmt.Errorf("%d files are named, expected one", len(args)), cmd}
	}
	return nil
}

// someFiles wants the names of files, or - for stdin.
func someFiles(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return &usageError{errors.New("no file is named; - is stdin"), cmd}
	}
	return nil
}

func (c *signCommand) run(cmd *cobra.Command, args []string) error {
	if err := c.check(args[0]); err != nil {
		return &usageError{err, cmd}
	}
	csr, err := c.read(cmd.Context(), args[0])
	if err != nil {
		return err
	}
	if _, err := fabric.ParseRequest(csr); err != nil {
		return fmt.Errorf("%s: %w", displayName(args[0]), err)
	}
	f, err := openFabric(cmd, c.terminal, c.dir, c.password.opening(c.terminal))
	if err != nil {
		return err
	}
	if len(c.clusters) == 1 {
		c.sign.Cluster = c.clusters[0]
	}
	c.sign.NotAfter = c.end.from(c.Now())
	c.sign.Confirm = c.confirming()
	signed, err := f.Sign(cmd.Context(), csr, c.sign)
	if err != nil {
		return err
	}
	c.tell(signed)
	if signed.Certificate == nil {
		return nil
	}
	return c.deliver(c.out, signed.Answer.Marshal())
}

func (c *signCommand) check(file string) error {
	switch {
	case len(c.clusters) > 1:
		return errors.New("a request is for one cluster, and --cluster names more")
	case file == "-" && c.password.file == "-":
		return errors.New("the request and --password-file cannot both be stdin")
	case c.yes && len(c.clusters) == 0:
		return errors.New("--cluster is missing: with --yes nobody looks at the name in the request")
	case !c.yes && c.Ask == nil && !c.sign.DryRun:
		return errors.New("there is nobody to ask: --yes and --cluster go ahead without")
	}
	return nil
}

// confirming asks a person; nil where nobody is to be asked.
func (c *signCommand) confirming() func(context.Context, fabric.SignPreview) error {
	if c.yes {
		return nil
	}
	return func(ctx context.Context, p fabric.SignPreview) error {
		fmt.Fprintln(c.Err, "trustgen: this is what is going to be signed:")
		return c.confirm(ctx, "Sign it?", previewLines(p))
	}
}

func previewLines(p fabric.SignPreview) [][2]string {
	lines := [][2]string{
		{"cluster", p.Cluster},
		{"subject", p.Subject},
		{"key", fmt.Sprintf("%s, SHA-256 %s", p.Key.Type, p.Key.Fingerprint)},
		{"not after", formatTime(p.NotAfter)},
		{"constraints", describeConstraints(p.Constraints)},
		{"issuer", fmt.Sprintf("%s, valid until %s", p.Issuer.Subject, formatTime(p.Issuer.NotAfter))},
	}
	for _, other := range p.Others {
		lines = append(lines, [2]string{"beside", fmt.Sprintf("%s, which stays valid until %s", other.Subject, formatTime(other.NotAfter))})
	}
	return lines
}

func describeConstraints(c *ca.NameConstraints) string {
	if c == nil {
		return "none: it can issue any name"
	}
	return fmt.Sprintf("the trust domain %s, and %s", c.TrustDomain, strings.Join(c.DNSNames, ", "))
}

func (c *signCommand) tell(s fabric.Signed) {
	switch {
	case s.Again:
		c.note("the key has a certificate of cluster %s already, which is given again: %s, valid until %s", s.Cluster, s.Certificate.Subject, formatTime(s.Certificate.NotAfter))
		if c.end.text != "" {
			c.hint("what is given again does not take --not-after; 'trustgen request --new' makes another key")
		}
	case c.sign.DryRun:
		c.note("dry run: would sign this:")
		for _, line := range previewLines(s.SignPreview) {
			c.note("  %-12s %s", line[0], printable(line[1]))
		}
	default:
		c.note("signed %s for cluster %s, valid until %s: key SHA-256 %s", s.Certificate.Subject, s.Cluster, formatTime(s.Certificate.NotAfter), s.Key.Fingerprint)
		if c.end.text == "" && s.Certificate.NotAfter.Equal(s.Issuer.NotAfter) {
			c.noteEnd(s.Cluster, *s.Certificate)
		}
	}
	if s.WithoutCRL {
		c.warn("CRLs are published, and %s has none here: proxies that have the others refuse its workloads", s.Subject)
		c.hint("before the cluster gets it: 'trustgen crl --with-certificates' where it is installed, 'trustgen crl import' here, and the new sets to every cluster")
	}
}
