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
	"github.com/trustgen/trustgen/secrets/fabric"
)

// importFlags name the files of what is imported.
type importFlags struct {
	rootCert, rootKey, issuingCert, issuingKey string
}

func addImport(cmd *cobra.Command, f *importFlags) {
	for name, flag := range map[string]struct {
		file  *string
		usage string
	}{
		"root-cert":    {&f.rootCert, "import a root: `file` of its certificate"},
		"root-key":     {&f.rootKey, "`file` of its key, plain or encrypted: PKCS #8, PKCS #1 or SEC 1"},
		"issuing-cert": {&f.issuingCert, "`file` of an issuing CA below the root, with the CAs between them if there are any"},
		"issuing-key":  {&f.issuingKey, "`file` of its key"},
	} {
		cmd.Flags().StringVar(flag.file, name, "", flag.usage)
		_ = cmd.MarkFlagFilename(name)
	}
}

// check wants a root with its key, or a root with an issuing CA and its key.
func (f *importFlags) check() error {
	switch {
	case f.rootCert == "":
		return errors.New("--root-cert is missing: the root that the clusters are to trust")
	case f.rootKey != "" && (f.issuingCert != "" || f.issuingKey != ""):
		return errors.New("the issuing CA issues, so that the key of the root is not needed: leave --root-key out")
	case f.issuingCert != "" && f.issuingKey == "":
		return errors.New("--issuing-key is missing: the key of the issuing CA")
	case f.issuingCert == "" && f.issuingKey != "":
		return errors.New("--issuing-cert is missing: the certificate of the issuing CA")
	case f.rootKey == "" && f.issuingCert == "":
		return fmt.Errorf("a key to issue with is missing: --root-key, or %s", flagList("issuing-cert", "issuing-key"))
	}
	return nil
}

// keyFile is the file of the key that is imported.
func (f *importFlags) keyFile() string { return f.rootKey + f.issuingKey }

type importResult struct {
	Root      *certificateResult `json:"root"`
	Issuing   *certificateResult `json:"issuing,omitempty"`
	Encrypted bool               `json:"encrypted"`
	Warnings  []importWarning    `json:"warnings,omitempty"`
	DryRun    bool               `json:"dryRun,omitempty"`
}

type importWarning struct {
	Rule        ca.Rule `json:"rule"`
	Subject     string  `json:"subject"`
	Detail      string  `json:"detail"`
	Consequence string  `json:"consequence"`
}

func (c *initCommand) runImport(cmd *cobra.Command) error {
	if other := given(cmd, newRootFlags); other != "" {
		return &usageError{fmt.Errorf("%s is for a new root, and %s imports one", other, given(cmd, importNames)), cmd}
	}
	if err := c.imports.check(); err != nil {
		return &usageError{err, cmd}
	}
	f, err := openFabric(cmd, c.terminal, c.dir, nil)
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
	c.tellImport(f, imported, o.NewPassword != nil)
	c.tellOldCRLs(o)
	return c.printImport(imported, o.NewPassword != nil)
}

func (c *initCommand) readImport(ctx context.Context) (o fabric.ImportOptions, err error) {
	o.TrustDomain, o.DryRun = c.init.TrustDomain, c.init.DryRun
	o.NameConstraints, o.IstiodNames = c.names.constraints(), c.names.istiod()
	if o.Root, err = c.readRoot(ctx, c.imports.rootCert); err != nil {
		return o, err
	}
	if c.imports.issuingCert != "" {
		o.Issuing, err = c.readCertificates(ctx, c.imports.issuingCert)
		if err == nil {
			err = c.imports.checkOrder(o.Issuing)
		}
		if err != nil {
			return o, err
		}
	}
	o.NewPassword = c.password.choosing(c.terminal)
	err = c.readKey(ctx, &o)
	return o, err
}

// checkOrder expects every CA before the one that issued it.
func (f *importFlags) checkOrder(chain []*x509.Certificate) error {
	for i, cert := range chain {
		for _, above := range chain[:i] {
			if bytes.Equal(cert.RawIssuer, above.RawSubject) && !cert.Equal(above) {
				return fmt.Errorf("%s: %s stands before %s, which it issued: expected the CA that issues for the clusters first, and each CA before the one above it",
					displayName(f.issuingCert), ca.Describe(above), ca.Describe(cert))
			}
		}
	}
	return nil
}

// readKey reads the key. One that is encrypted stays encrypted, with the passphrase that
// it has.
func (c *initCommand) readKey(ctx context.Context, o *fabric.ImportOptions) error {
	name := c.imports.keyFile()
	if err := checkPrivate(name); err != nil {
		return err
	}
	data, err := c.read(ctx, name)
	if err != nil {
		return err
	}
	defer clear(data)
	text, err := findKey(data)
	if err == nil {
		defer clear(text)
		if o.Key, err = ca.ParseKey(text); errors.Is(err, ca.ErrEncryptedKey) {
			return c.openKey(ctx, text, o)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", displayName(name), err)
	}
	return nil
}

func (c *initCommand) openKey(ctx context.Context, text []byte, o *fabric.ImportOptions) error {
	name := displayName(c.imports.keyFile())
	ask := c.password.opening(c.terminal)
	switch {
	case c.password.none:
		return fmt.Errorf("%s is encrypted, and stays so: leave --no-password out", name)
	case ask == nil:
		return fmt.Errorf("%s: %w", name, fabric.ErrPasswordMissing)
	}
	password, err := ask(ctx, name)
	if err != nil {
		return err
	}
	if o.Key, err = ca.ParseEncryptedKey(text, password); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	o.NewPassword, o.SamePassword = same(password), true
	return nil
}

func same(password []byte) fabric.Password {
	return func(context.Context, string) ([]byte, error) { return bytes.Clone(password), nil }
}

// nameFile says of an error which file it is about.
func (f *importFlags) nameFile(err error, o fabric.ImportOptions) error {
	var refused *ca.RuleError
	switch {
	case errors.Is(err, ca.ErrKeyMismatch):
		return fmt.Errorf("%s: %w", displayName(f.keyFile()), err)
	case !errors.As(err, &refused):
		return err
	case o.Root.Equal(refused.Violations[0].Cert):
		return fmt.Errorf("%s: %w", displayName(f.rootCert), err)
	}
	return fmt.Errorf("%s: %w", displayName(f.issuingCert), err)
}

func (c *initCommand) tellImport(f *fabric.Fabric, imported fabric.Imported, encrypted bool) {
	if c.init.DryRun {
		c.note("dry run: would import the root %s to %s", imported.Root.Subject, f.Dir())
	} else {
		c.note("imported the root %s, valid until %s", imported.Root.Subject, formatTime(imported.Root.NotAfter))
		if imported.Issuing != nil {
			c.note("the issuing CA %s, valid until %s, issues for the clusters", imported.Issuing.Subject, formatTime(imported.Issuing.NotAfter))
		}
	}
	unrevocable := false
	for _, v := range imported.Tolerated {
		c.warn("%s: %s; %s", ca.Describe(v.Cert), v.Detail, v.Consequence)
		unrevocable = unrevocable || v.Rule == ca.RuleCRLSign || v.Rule == ca.RuleSubjectKeyID
	}
	if unrevocable {
		c.hint("the way out is a CA that may sign CRLs: the fewer clusters there are, the easier it is to change to it")
	}
	for _, cert := range importedCAs(imported) {
		if left := cert.NotAfter.Sub(c.Now()); left < endsSoon {
			c.warn("%s ends at %s, and everything below it no later", cert.Subject, formatTime(cert.NotAfter))
		}
	}
	if imported.LimitsURIs {
		c.warn("a CA has name constraints for URIs: sidecars take what keeps to them, ztunnel and so an ambient mesh refuses everything below")
	}
	if !imported.CrossSigns {
		c.note("its path length does not let the root cross-sign another one: its successor has to be trusted everywhere before it issues")
	}
	if !c.init.DryRun {
		c.keyStored(f, imported.KeyPath, encrypted)
	}
}

// endsSoon is how long before its end a CA is hardly worth to be imported.
const endsSoon = 30 * day

// tellOldCRLs is for a root that signed CRLs before it came here: the next one takes their
// place, and has nothing of what they revoke.
func (c *initCommand) tellOldCRLs(o fabric.ImportOptions) {
	if len(o.Issuing) > 0 {
		return // its key is elsewhere
	}
	way := fmt.Sprintf("before the first 'trustgen revoke' take the newest CRL that it has signed: 'trustgen crl import FILE%s'. The next one takes its place, and revokes only what is known here", dirFlag(c.dir))
	if points := o.Root.CRLDistributionPoints; len(points) > 0 {
		c.warn("%s says that its CRLs are at %s: %s", ca.Describe(o.Root), printable(strings.Join(points, ", ")), way)
		return
	}
	c.note("if %s has signed CRLs elsewhere, %s", ca.Describe(o.Root), way)
}

// importedCAs are the root, and the issuing CA if there is one.
func importedCAs(imported fabric.Imported) []fabric.Certificate {
	cas := []fabric.Certificate{imported.Root}
	if imported.Issuing != nil {
		cas = append(cas, *imported.Issuing)
	}
	return cas
}

func (c *initCommand) printImport(imported fabric.Imported, encrypted bool) error {
	result := importResult{Root: newCertificateResult(imported.Root), Encrypted: encrypted, DryRun: c.init.DryRun}
	if imported.Issuing != nil {
		result.Issuing = newCertificateResult(*imported.Issuing)
	}
	for _, v := range imported.Tolerated {
		result.Warnings = append(result.Warnings, importWarning{v.Rule, ca.Describe(v.Cert), v.Detail, v.Consequence})
	}
	return c.print(result, importedCAs(imported)...)
}
