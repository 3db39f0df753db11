package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/files"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/hint"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// importFlags name the files of an import.
type importFlags struct {
	rootCert, rootKey, issuingCert, issuingKey string
}

var importNames = []string{"root-cert", "root-key", "issuing-cert", "issuing-key"}

func (f *importFlags) add(cmd *cobra.Command) {
	flags.InputFile(cmd, &f.rootCert, "root-cert", "import a root: `file` of its certificate")
	flags.InputFile(cmd, &f.rootKey, "root-key", "`file` of its key, plain or encrypted: PKCS #8, PKCS #1 or SEC 1")
	flags.InputFile(cmd, &f.issuingCert, "issuing-cert", "`file` of an issuing CA below the root, followed by the CAs between them")
	flags.InputFile(cmd, &f.issuingKey, "issuing-key", "`file` of its key")
}

// check requires a root with its key, or a root with an issuing CA and its key.
func (f *importFlags) check() error {
	switch {
	case f.rootCert == "":
		return errors.New("--root-cert is missing: the root for the clusters to trust")
	case f.rootKey != "" && (f.issuingCert != "" || f.issuingKey != ""):
		return errors.New("--root-key and an issuing CA cannot be combined: the issuing CA issues")
	case f.issuingCert != "" && f.issuingKey == "":
		return errors.New("--issuing-key is missing: the key of the issuing CA")
	case f.issuingCert == "" && f.issuingKey != "":
		return errors.New("--issuing-cert is missing: the certificate of the issuing CA")
	case f.rootKey == "" && f.issuingCert == "":
		return errors.New("a key to issue with is missing: --root-key, or --issuing-cert and --issuing-key")
	}
	return nil
}

// keyFile is the file of the imported key.
func (f *importFlags) keyFile() string { return f.rootKey + f.issuingKey }

func (c *initCommand) runImport(cmd *cobra.Command) error {
	if other := flags.Given(cmd, newRootFlags...); other != "" {
		return flags.Usagef(cmd, "%s is for a new root, and cannot be combined with %s", other, flags.Given(cmd, importNames...))
	}
	if err := c.imports.check(); err != nil {
		return flags.Usage(cmd, err)
	}
	f, err := openFabric(cmd, c.Terminal, c.dir, nil)
	if err != nil {
		return err
	}
	o, err := c.readImport(cmd.Context())
	if err != nil {
		return err
	}
	imported, err := f.Import(cmd.Context(), o)
	if err != nil {
		return c.imports.nameFile(err, o)
	}
	encrypted := o.NewPassphrase != nil
	c.reportImport(f, imported)
	if !c.options.DryRun {
		reportKey(c.Terminal, f, imported.KeyPath, encrypted)
	}
	c.reportOldCRLs(o)
	return view.Print(c.Out, c.format.String(), view.NewImport(imported, encrypted, c.options.DryRun))
}

func (c *initCommand) readImport(ctx context.Context) (o fabric.ImportOptions, err error) {
	o.TrustDomain, o.DryRun = c.options.TrustDomain, c.options.DryRun
	o.NameConstraints, o.IstiodNames = c.constraints.dnsNames(), c.constraints.istiodNames()
	if o.Root, err = files.ReadRoot(ctx, c.Terminal, c.imports.rootCert); err != nil {
		return o, err
	}
	if c.imports.issuingCert != "" {
		o.Issuing, err = files.ReadCertificates(ctx, c.Terminal, c.imports.issuingCert)
		if err == nil {
			err = c.imports.checkOrder(o.Issuing)
		}
		if err != nil {
			return o, err
		}
	}
	o.NewPassphrase = c.password.Choosing(c.Terminal)
	err = c.readKey(ctx, &o)
	return o, err
}

// checkOrder requires every CA before the one that issued it.
func (f *importFlags) checkOrder(chain []*x509.Certificate) error {
	for i, cert := range chain {
		for _, above := range chain[:i] {
			if bytes.Equal(cert.RawIssuer, above.RawSubject) && !cert.Equal(above) {
				return fmt.Errorf("%s: %s stands before %s, which it issued: expected the CA that issues for the clusters first, and each CA before its issuer",
					term.InputName(f.issuingCert), ca.Describe(above), ca.Describe(cert))
			}
		}
	}
	return nil
}

// readKey reads the key. An encrypted key keeps its passphrase.
func (c *initCommand) readKey(ctx context.Context, o *fabric.ImportOptions) error {
	name := c.imports.keyFile()
	if err := term.CheckPrivate(name); err != nil {
		return err
	}
	data, err := c.Read(ctx, name)
	if err != nil {
		return err
	}
	defer clear(data)
	text, err := files.FindKey(data)
	if err == nil {
		defer clear(text)
		if o.Key, err = ca.ParseKey(text); errors.Is(err, ca.ErrEncryptedKey) {
			return c.openKey(ctx, text, o)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", term.InputName(name), err)
	}
	return nil
}

func (c *initCommand) openKey(ctx context.Context, text []byte, o *fabric.ImportOptions) error {
	name := term.InputName(c.imports.keyFile())
	opening := c.password.Opening(c.Terminal)
	switch {
	case c.password.None:
		return fmt.Errorf("%s is encrypted, and cannot be combined with --no-password", name)
	case opening == nil:
		return fmt.Errorf("%s: %w", name, fabric.ErrPassphraseMissing)
	}
	password, err := opening(ctx, name)
	if err != nil {
		return err
	}
	if o.Key, err = ca.ParseEncryptedKey(text, password); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	o.NewPassphrase, o.SamePassphrase = same(password), true
	return nil
}

func same(password []byte) fabric.Passphrase {
	return func(context.Context, string) ([]byte, error) { return bytes.Clone(password), nil }
}

// nameFile adds the file that an error is about.
func (f *importFlags) nameFile(err error, o fabric.ImportOptions) error {
	var refused *ca.RuleError
	switch {
	case errors.Is(err, ca.ErrKeyMismatch):
		return fmt.Errorf("%s: %w", term.InputName(f.keyFile()), err)
	case !errors.As(err, &refused):
		return err
	case o.Root.Equal(refused.Violations[0].Cert):
		return fmt.Errorf("%s: %w", term.InputName(f.rootCert), err)
	}
	return fmt.Errorf("%s: %w", term.InputName(f.issuingCert), err)
}

// endsSoon is the remaining life of a CA that is hardly worth an import.
const endsSoon = 30 * flags.Day

func (c *initCommand) reportImport(f *fabric.Fabric, imported fabric.ImportResult) {
	cas := []mesh.Summary{imported.Root}
	if imported.Issuing != nil {
		cas = append(cas, *imported.Issuing)
	}
	if c.options.DryRun {
		c.Note("dry run: would import the root %s to %s", imported.Root.Subject, f.Dir())
	} else {
		c.Note("imported the root %s, valid until %s", imported.Root.Subject, term.Time(imported.Root.NotAfter))
		if imported.Issuing != nil {
			c.Note("the issuing CA %s, valid until %s, issues for the clusters", imported.Issuing.Subject, term.Time(imported.Issuing.NotAfter))
		}
	}
	unrevocable := false
	for _, v := range imported.Tolerated {
		c.Warn("%s: %s; %s", ca.Describe(v.Cert), v.Detail, v.Consequence)
		unrevocable = unrevocable || v.Rule == ca.RuleCRLSign || v.Rule == ca.RuleSubjectKeyID
	}
	if unrevocable {
		c.Hint("use a CA that can sign CRLs: the fewer clusters there are, the easier is the move")
	}
	for _, cert := range cas {
		if cert.NotAfter.Sub(c.Now()) < endsSoon {
			c.Warn("%s ends at %s, and everything below it no later", cert.Subject, term.Time(cert.NotAfter))
		}
	}
	if imported.LimitsURIs {
		c.Warn("a CA has name constraints for URIs: sidecars accept permitted names, ztunnel and so an ambient mesh refuses everything below")
	}
	if !imported.CrossSigns {
		c.Note("the root cannot cross-sign its successor because of its path length: the successor has to be trusted everywhere before it issues")
	}
}

// reportOldCRLs is about CRLs that the root has signed before: the next CRL replaces them, and
// has only the revocations of this directory.
func (c *initCommand) reportOldCRLs(o fabric.ImportOptions) {
	if len(o.Issuing) > 0 {
		return // the key of the root is remote
	}
	fix := fmt.Sprintf("import its newest CRL before the first 'trustgen revoke': 'trustgen crl import FILE%s'. The next CRL replaces it, and has only the revocations of this directory", hint.DirFlag(c.dir))
	if points := o.Root.CRLDistributionPoints; len(points) > 0 {
		c.Warn("%s names %s for its CRLs: %s", ca.Describe(o.Root), term.Printable(strings.Join(points, ", ")), fix)
		return
	}
	c.Note("if %s has signed CRLs before, %s", ca.Describe(o.Root), fix)
}
