package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets/fabric"
)

type crossSignCommand struct {
	*terminal
	dir      string
	end      endFlag
	out      string
	password passwordFlags
	cross    fabric.CrossSignOptions
	output   outputFlag
}

func newCrossSign(t *terminal) *cobra.Command {
	c := &crossSignCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "cross-sign FILE",
		Short: "Let this mesh trust another root: that of another mesh, or its own next one",
		Example: `  # The root of another mesh, with the identities of its trust domain only
  trustgen cross-sign other-root.pem --trust-domain other.example --out cross.pem

  # The next root of this mesh
  trustgen cross-sign next-root.pem --next-root --out cross.pem`,
		Long: `FILE is the certificate of the other root, in PEM or DER; - is stdin. The root of the
directory certifies its key, with path length 1. Whoever trusts this root then takes
the chains of the other one, if they bring the cross-certificate: it goes between the
intermediates of the other mesh and its root, into their cert-chain.pem.

The root of another mesh can issue nothing but the identities of its own trust domain.
If that is the one of this mesh, it could mint identities of this one:
--allow-shared-trust-domain says that this is meant. The next root of this mesh may
mint all.

Where CRLs are published, proxies need those of the other root and of its CAs:
'trustgen crl --with-certificates' there, 'trustgen crl import' here.`,
		Args: oneFile,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	cmd.Flags().StringVar(&c.cross.TrustDomain, "trust-domain", "", "trust `domain` of the other mesh")
	cmd.Flags().BoolVar(&c.cross.AllowSharedTrustDomain, "allow-shared-trust-domain", false, "let the other root mint identities of this mesh")
	cmd.Flags().BoolVar(&c.cross.Next, "next-root", false, "it is the next root of this mesh")
	addNotAfter(cmd, &c.end, "that of the root that ends first")
	cmd.Flags().StringVar(&c.out, "out", "", "new `file` for the cross-certificate (default stdout)")
	addPasswordFile(cmd, &c.password, "the root's key")
	addDryRun(cmd, &c.cross.DryRun)
	addOutput(cmd, &c.output, "pem", "table", "yaml", "json")
	return cmd
}

func (c *crossSignCommand) run(cmd *cobra.Command, args []string) error {
	if err := c.check(args[0]); err != nil {
		return &usageError{err, cmd}
	}
	root, err := c.readRoot(cmd.Context(), args[0])
	if err != nil {
		return err
	}
	f, err := openFabric(cmd, c.terminal, c.dir, c.password.opening(c.terminal))
	if err != nil {
		return err
	}
	c.cross.NotAfter = c.end.from(c.Now())
	done, err := f.CrossSign(cmd.Context(), root, c.cross)
	if err != nil {
		return fmt.Errorf("%s: %w", displayName(args[0]), err)
	}
	c.tell(f, done)
	return c.print(done)
}

func (c *crossSignCommand) check(file string) error {
	switch {
	case c.cross.Next && c.cross.TrustDomain != "":
		return errors.New("--next-root is the next root of this mesh, and --trust-domain is for the root of another one")
	case !c.cross.Next && c.cross.TrustDomain == "":
		return errors.New("--trust-domain is missing: that of the other mesh; for the next root of this one --next-root")
	case c.cross.Next && c.cross.AllowSharedTrustDomain:
		return errors.New("--allow-shared-trust-domain is for the root of another mesh")
	case c.out != "" && c.output.format != "pem":
		return errors.New("--out is for the certificate, and --output asks for something else")
	case file == "-" && c.password.file == "-":
		return errors.New("the root and --password-file cannot both be stdin")
	}
	return nil
}

func (c *crossSignCommand) tell(f *fabric.Fabric, done fabric.CrossSigned) {
	switch {
	case c.cross.DryRun:
		c.note("dry run: nothing is changed in %s. This would be signed:", f.Dir())
	case done.Again:
		c.note("%s was cross-signed before:", done.Certificate.Subject)
	default:
		c.note("cross-signed %s:", done.Certificate.Subject)
	}
	for _, line := range crossLines(done.Cross) {
		c.note("  %-12s %s", line[0], printable(line[1]))
	}
	if c.cross.DryRun {
		return
	}
	if c.cross.AllowSharedTrustDomain {
		c.warn("%s can mint identities of this mesh", done.Certificate.Subject)
	}
	if done.WithoutCRL {
		c.warn("CRLs are published, and that of %s is not here: proxies refuse its chains until 'trustgen crl import FILE%s' has it", done.Certificate.Subject, dirFlag(c.dir))
	}
}

// crossLines say what the other root can do with its cross-certificate, and until when.
func crossLines(cross *x509.Certificate) [][2]string {
	described := certificateItem(cross)
	lines := [][2]string{
		{"subject", described.Subject},
		{"issuer", described.Issuer},
		{"path length", strconv.Itoa(cross.MaxPathLen)},
		{"not before", described.NotBefore},
		{"not after", described.NotAfter},
	}
	if len(described.PermittedNames)+len(described.ExcludedNames) == 0 {
		return append(lines, [2]string{"constraints", describeConstraints(nil)})
	}
	lines = append(lines, [2]string{"permitted", strings.Join(described.PermittedNames, ", ")})
	if len(described.ExcludedNames) > 0 {
		lines = append(lines, [2]string{"excluded", strings.Join(described.ExcludedNames, ", ")})
	}
	return lines
}

func (c *crossSignCommand) print(done fabric.CrossSigned) error {
	if c.output.format != "pem" {
		result := newCertificateResult(done.Certificate)
		rows := [][]string{{"SUBJECT", "KEY", "NOT AFTER", "SHA-256"}, {result.Subject, result.KeyType, result.NotAfter, result.Fingerprint}}
		return c.output.print(c.Out, result, func(w io.Writer) error { return printTable(w, rows) })
	}
	data := ca.MarshalCertificates(done.Cross)
	switch {
	case c.cross.DryRun:
		return nil
	case c.out == "" || c.out == "-":
		_, err := c.Out.Write(data)
		return err
	}
	if err := store.CreateFile(c.out, data, store.Public); err != nil {
		return err
	}
	c.note("wrote it to %s", c.out)
	return nil
}
