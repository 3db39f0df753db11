package fabric

import (
	"context"
	"crypto"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// RootOptions describe a new root; the zero value is ready to use.
type RootOptions struct {
	// KeyType of the root; zero means [ca.P256].
	KeyType ca.KeyType
	// CommonName of the root, to which a tag is added; empty means "root".
	CommonName string
	// Organization is the name of the mesh in every CA; empty means the trust domain.
	Organization string
	// TrustDomain of the mesh; empty means [DefaultTrustDomain].
	TrustDomain string
	// NameConstraints limit every intermediate to the identities of the trust domain and to
	// these DNS names, which are those of istiod's own certificate: see [secrets.IstiodNames].
	// None means that there are no limits.
	NameConstraints []string
	// NotAfter is the end of the root; zero means [ca.DefaultRootLifetime] from now.
	NotAfter time.Time
	// NewPassphrase encrypts the key of the root; nil leaves it plain.
	NewPassphrase Passphrase
}

// InitOptions adjust Init; the zero value is ready to use.
type InitOptions struct {
	RootOptions
	// DryRun checks everything, asks nobody and changes nothing.
	DryRun bool
}

// InitResult is the root that Init created.
type InitResult struct {
	Root mesh.Summary
}

// Init creates the root of a fabric. A directory that has one is [ErrRootExists].
func (f *Fabric) Init(ctx context.Context, o InitOptions) (InitResult, error) {
	root := &newRoot{RootOptions: o.RootOptions, generateKey: f.generateKey}
	err := f.run(ctx, operation{
		dryRun: o.DryRun,
		trust: func(_ context.Context, d *directory) (trust, error) {
			if err := d.requireNoRoot(); err != nil {
				return trust{}, err
			}
			return root.trust(d)
		},
		decide: func(context.Context, *directory) (needs, error) { return needs{newKey: f.RootKeyPath()}, nil },
		change: func(ctx context.Context, d *directory) error {
			m, err := d.mesh(ctx)
			if err != nil {
				return err
			}
			return root.write(ctx, d, m)
		},
	}, &passphrases{fresh: prompt{ask: o.NewPassphrase}})
	if err != nil {
		return InitResult{}, err
	}
	return InitResult{Root: mesh.Summarize(root.authority.Certificate())}, nil
}

// newRoot is a root that is created in a directory without one.
type newRoot struct {
	RootOptions
	generateKey func(ca.KeyType) (crypto.Signer, error)

	key       crypto.Signer
	authority *ca.Authority // once it is needed
	settings  mesh.Settings
}

// trust creates the root, if it was not created before the directory was locked.
func (n *newRoot) trust(d *directory) (trust, error) {
	if n.authority == nil {
		if err := n.create(d); err != nil {
			return trust{}, err
		}
	}
	return trust{n.authority.Chain(), n.settings}, nil
}

func (n *newRoot) create(d *directory) (err error) {
	if n.settings, err = newSettings(n.TrustDomain, n.NameConstraints); err != nil {
		return err
	}
	organization := n.Organization
	if organization == "" {
		organization = n.settings.TrustDomain
	}
	if n.key, err = n.generateKey(n.KeyType); err != nil {
		return err
	}
	n.authority, err = ca.NewRoot(ca.RootOptions{
		Key:          n.key,
		CommonName:   n.CommonName,
		Organization: organization,
		NotAfter:     n.NotAfter,
		Now:          d.clock,
	})
	return err
}

// write writes the root and its key, and signs its first CRL. The record is that of the mesh.
func (n *newRoot) write(ctx context.Context, d *directory, m *mesh.Mesh) error {
	if err := d.writeNewKey(ctx, rootKeyFile, n.key); err != nil {
		return err
	}
	if err := d.writeTrust(); err != nil {
		return err
	}
	if err := signFirst(m.Issuer(), n.authority, d.now); err != nil {
		return err
	}
	return d.writeRecords(m)
}
