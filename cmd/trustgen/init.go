package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/secrets/fabric"
)

type initCommand struct {
	*terminal
	dir      string
	keyType  keyTypeFlag
	end      endFlag
	password passwordFlags
	imports  importFlags
	names    constraintFlags
	encrypt  bool
	init     fabric.InitOptions
	output   outputFlag
}

func newInit(t *terminal) *cobra.Command {
	c := &initCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make or import the root of a mesh",
		Example: `  # A P-256 root for ten years, below ./trust
  trustgen init

  # A root for a mesh with a trust domain of its own
  trustgen init --trust-domain mesh.example.com --organization Example --key-type P-384 --not-after 3650d

  # The root that there is
  trustgen init --root-cert root.pem --root-key root-key.pem

  # An issuing CA below a corporate root, whose key stays where it is
  trustgen init --root-cert corporate.pem --issuing-cert mesh-ca.pem --issuing-key mesh-ca-key.pem

  # A mesh whose intermediates can issue nothing but its identities and istiod's names
  trustgen init --name-constraints --revision canary

  # Encrypt the key of the root that the directory has
  trustgen init --encrypt`,
		Long: `Who holds the key of the root can impersonate every workload of the mesh: make it
on a machine that is not in any cluster. On a terminal init asks for a passphrase
that encrypts it (PKCS #8, PBES2, AES-256); --password-file gives one elsewhere.
Without either the key is plain, readable by its owner only.

A root that is imported, and an issuing CA, may be older than the rules for new
ones. What that means for the mesh is told; what cannot work is refused. If the root
has signed CRLs before, take the newest one ('trustgen crl import FILE') before the
first 'trustgen revoke': the next CRL takes its place.

--name-constraints limits every intermediate to the identities of the trust domain
and to the names of istiod, which signs its own certificate with the same CA. Name
every revision, now or in fabric.yaml later: an istiod with a name outside, even one
that was forgotten, has a certificate that nobody takes. What the constraints cannot
do is to tell the clusters of one trust domain apart: a stolen intermediate still
signs the identities of all of them. They are for sidecars only: rustls, and so
ztunnel and every ambient mesh, refuses all chains that have a constraint for URIs. A
fabric that is there takes them on with

  nameConstraints:
    dnsNames: [istiod.istio-system.svc, istiod-remote.istio-system.svc, istio-pilot.istio-system.svc]

in its fabric.yaml and 'trustgen intermediate --renew' for every cluster.

--encrypt replaces a plain key by an encrypted one. Backups, and the blocks of the
disk, may keep the plain one.`,
		Args: noArgs,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	addKeyType(cmd, &c.keyType, "P-256")
	addNotAfter(cmd, &c.end, "3650d")
	cmd.Flags().StringVar(&c.init.CommonName, "common-name", "root", "`name` of the root; a tag from its key is added")
	cmd.Flags().StringVar(&c.init.Organization, "organization", "", "`name` of the mesh in every CA (default the trust domain)")
	cmd.Flags().StringVar(&c.init.TrustDomain, "trust-domain", fabric.DefaultTrustDomain, "trust `domain` of the mesh")
	addImport(cmd, &c.imports)
	addConstraints(cmd, &c.names)
	cmd.Flags().BoolVar(&c.encrypt, "encrypt", false, "encrypt the key that the directory has")
	addPasswordFile(cmd, &c.password, "the key")
	cmd.Flags().BoolVar(&c.password.none, "no-password", false, "leave the key plain, and do not ask")
	addDryRun(cmd, &c.init.DryRun)
	addOutput(cmd, &c.output, "table", "yaml", "json")
	return cmd
}

type initResult struct {
	Root      *certificateResult `json:"root"`
	Encrypted bool               `json:"encrypted"`
	DryRun    bool               `json:"dryRun,omitempty"`
}

// Flags that say what a new root is like, and those that say what to import.
var (
	newRootFlags = []string{"key-type", "not-after", "common-name", "organization"}
	importNames  = []string{"root-cert", "root-key", "issuing-cert", "issuing-key"}
)

func (c *initCommand) run(cmd *cobra.Command, _ []string) error {
	if c.password.none && c.password.file != "" {
		return &usageError{errors.New("--no-password and --password-file exclude each other"), cmd}
	}
	switch {
	case c.encrypt:
		return c.runEncrypt(cmd)
	case given(cmd, importNames) != "":
		return c.runImport(cmd)
	}
	return c.runNew(cmd)
}

// given is the first of some flags that is given.
func given(cmd *cobra.Command, names []string) string {
	for _, name := range names {
		if cmd.Flags().Changed(name) {
			return "--" + name
		}
	}
	return ""
}

func (c *initCommand) runNew(cmd *cobra.Command) error {
	if err := c.names.check(cmd); err != nil {
		return &usageError{err, cmd}
	}
	f, err := openFabric(cmd, c.terminal, c.dir, nil)
	if err != nil {
		return err
	}
	c.init.KeyType = c.keyType.KeyType
	c.init.NotAfter = c.end.from(c.Now())
	c.init.NameConstraints = c.names.constraints()
	c.init.NewPassword = c.password.choosing(c.terminal)
	root, err := f.Init(cmd.Context(), c.init)
	if err != nil {
		return err
	}
	if c.init.DryRun {
		c.note("dry run: would make a root in %s", f.Dir())
	} else {
		c.rootMade(f, root, c.init.NewPassword != nil)
	}
	if c.names.wanted {
		c.hint("name constraints are for sidecars: ztunnel, and so an ambient mesh, refuses every chain that has one for URIs")
	}
	result := initResult{newCertificateResult(root), c.init.NewPassword != nil, c.init.DryRun}
	return c.print(result, root)
}

// print writes a result; as a table, the CAs that it is about.
func (c *initCommand) print(result any, cas ...fabric.Certificate) error {
	return c.output.print(c.Out, result, func(w io.Writer) error {
		rows := [][]string{{"SUBJECT", "KEY", "NOT AFTER", "SHA-256"}}
		for _, ca := range cas {
			rows = append(rows, []string{ca.Subject, string(ca.KeyType), formatTime(ca.NotAfter), ca.Fingerprint})
		}
		return printTable(w, rows)
	})
}

type encryptResult struct {
	KeyFile     string             `json:"keyFile"`
	Certificate *certificateResult `json:"certificate"`
	DryRun      bool               `json:"dryRun,omitempty"`
}

func (c *initCommand) runEncrypt(cmd *cobra.Command) error {
	other := given(cmd, slices.Concat([]string{"trust-domain", "no-password", "name-constraints"}, istiodFlags, newRootFlags, importNames))
	if other != "" {
		return &usageError{fmt.Errorf("--encrypt is about the key that the directory has, and %s is not", other), cmd}
	}
	f, err := openFabric(cmd, c.terminal, c.dir, nil)
	if err != nil {
		return err
	}
	done, err := f.Encrypt(cmd.Context(), fabric.EncryptOptions{
		NewPassword: c.password.choosing(c.terminal),
		DryRun:      c.init.DryRun,
	})
	if err != nil {
		return err
	}
	if c.init.DryRun {
		c.note("dry run: would encrypt %s", done.KeyPath)
	} else {
		c.note("encrypted %s, the key of %s", done.KeyPath, done.Certificate.Subject)
		c.hint("backups of the directory, and the blocks of the disk, may still hold the plain key")
	}
	return c.print(encryptResult{done.KeyPath, newCertificateResult(done.Certificate), c.init.DryRun}, done.Certificate)
}

// rootMade tells what every owner of a new root has to know.
func (t *terminal) rootMade(f *fabric.Fabric, root fabric.Certificate, encrypted bool) {
	t.note("made a root: %s, valid until %s", root.Subject, formatTime(root.NotAfter))
	t.keyStored(f, f.RootKeyPath(), encrypted)
}

// keyStored tells what every owner of such a key has to know.
func (t *terminal) keyStored(f *fabric.Fabric, path string, encrypted bool) {
	if encrypted {
		t.note("its key lies in %s, encrypted: without the passphrase it is lost", path)
	} else {
		t.note("its key lies in %s and is not encrypted", path)
	}
	t.hint("keep that key out of every cluster: it is needed only to issue, and can lie offline in between")
	if !encrypted {
		t.hint("'trustgen init --encrypt%s' encrypts it", dirFlag(f.Dir()))
	}
}

func openFabric(cmd *cobra.Command, t *terminal, dir string, password fabric.Password) (*fabric.Fabric, error) {
	return fabric.Open(cmd.Context(), dir, fabric.Options{Now: t.Now, Holder: cmd.CommandPath(), Password: password})
}

// flagList is "--a and --b".
func flagList(names ...string) string { return "--" + strings.Join(names, " and --") }
