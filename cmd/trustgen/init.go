package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/flags"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/view"
	"github.com/trustgen/trustgen/secrets/fabric"
)

type initCommand struct {
	*term.Terminal
	dir         string
	keyType     flags.KeyType
	end         flags.End
	password    flags.Password
	imports     importFlags
	constraints constraintFlags
	encrypt     bool
	options     fabric.InitOptions
	format      flags.Format
}

func newInit(t *term.Terminal) *cobra.Command {
	c := &initCommand{Terminal: t}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Create or import the root of a mesh",
		Example: `  # A P-256 root for ten years, in ./trust
  trustgen init

  # A root for a mesh with its own trust domain
  trustgen init --trust-domain mesh.example.com --organization Example --key-type P-384 --not-after 3650d

  # An existing root
  trustgen init --root-cert root.pem --root-key root-key.pem

  # An issuing CA below a corporate root, whose key stays where it is
  trustgen init --root-cert corporate.pem --issuing-cert mesh-ca.pem --issuing-key mesh-ca-key.pem

  # A mesh whose intermediates can issue only identities of the mesh and istiod's names
  trustgen init --name-constraints --revision canary

  # Encrypt the key of the root in the directory
  trustgen init --encrypt`,
		Long: `Whoever has the key of the root can impersonate every workload of the mesh: create it
on a machine outside the clusters. On a terminal init asks for a passphrase that
encrypts the key (PKCS #8, PBES2, AES-256); otherwise --password-file gives one.
Without a passphrase the key is plain, readable by its owner only.

An imported root or issuing CA may break rules that a new one has to keep. init
refuses a CA that cannot work, and prints the consequences of everything else. If the
root has signed CRLs before, import the newest one ('trustgen crl import FILE') before
the first 'trustgen revoke', whose CRL replaces it.

--name-constraints limits every intermediate to the identities of the trust domain and
to the names of istiod, which signs its own certificate with the same CA. Name every
revision, now or later in fabric.yaml: an istiod with any name outside the constraints
has a certificate that all clients refuse. Name constraints do not separate the
clusters of a trust domain: a stolen intermediate still signs the identities of all of
them. They are for sidecars only: rustls, and so ztunnel and every ambient mesh,
refuses all chains with a constraint for URIs. To add them to an existing trust
directory, write

  nameConstraints:
    dnsNames: [istiod.istio-system.svc, istiod-remote.istio-system.svc, istio-pilot.istio-system.svc]

into its fabric.yaml, and run 'trustgen intermediate --renew' for every cluster.

--encrypt replaces a plain key by an encrypted one. Backups and blocks of the disk may
still have the plain key.`,
		Args: flags.NoArgs,
		RunE: c.run,
	}
	flags.AddDir(cmd, &c.dir)
	c.keyType.Add(cmd, "P-256")
	c.end.AddNotAfter(cmd, "3650d")
	cmd.Flags().StringVar(&c.options.CommonName, "common-name", "root", "`name` of the root; a tag from its key is added")
	cmd.Flags().StringVar(&c.options.Organization, "organization", "", "`name` of the mesh in every CA (default the trust domain)")
	cmd.Flags().StringVar(&c.options.TrustDomain, "trust-domain", fabric.DefaultTrustDomain, "trust `domain` of the mesh")
	c.imports.add(cmd)
	c.constraints.add(cmd)
	cmd.Flags().BoolVar(&c.encrypt, "encrypt", false, "encrypt the key in the directory")
	c.password.Add(cmd, "the key")
	c.password.AddNone(cmd)
	flags.AddDryRun(cmd, &c.options.DryRun)
	c.format.Add(cmd, "table", "yaml", "json")
	return cmd
}

// newRootFlags are the flags that describe a new root.
var newRootFlags = []string{"key-type", "not-after", "common-name", "organization"}

func (c *initCommand) run(cmd *cobra.Command, _ []string) error {
	switch {
	case c.password.None && c.password.File != "":
		return flags.Usage(cmd, errors.New("--no-password and --password-file cannot be combined"))
	case c.encrypt:
		return c.runEncrypt(cmd)
	case flags.Given(cmd, importNames...) != "":
		return c.runImport(cmd)
	}
	return c.runNew(cmd)
}

func (c *initCommand) runNew(cmd *cobra.Command) error {
	if err := c.constraints.check(cmd); err != nil {
		return err
	}
	f, err := openFabric(cmd, c.Terminal, c.dir, nil)
	if err != nil {
		return err
	}
	c.options.KeyType = c.keyType.KeyType
	c.options.NotAfter = c.end.From(c.Now())
	c.options.NameConstraints = c.constraints.dnsNames()
	c.options.NewPassphrase = c.password.Choosing(c.Terminal)
	done, err := f.Init(cmd.Context(), c.options)
	if err != nil {
		return err
	}
	encrypted := c.options.NewPassphrase != nil
	if c.options.DryRun {
		c.Note("dry run: would create a root in %s", f.Dir())
	} else {
		reportNewRoot(c.Terminal, f, done.Root, encrypted)
	}
	if c.constraints.enabled {
		c.Hint("name constraints are for sidecars: ztunnel, and so an ambient mesh, refuses every chain with one for URIs")
	}
	return view.Print(c.Out, c.format.String(), view.Init{Root: view.NewCertificate(done.Root), Encrypted: encrypted, DryRun: c.options.DryRun})
}
