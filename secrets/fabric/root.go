package fabric

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
)

const (
	rootCertFile = "root-cert.pem"
	rootKeyFile  = "root-key.pem"
)

// RootOptions describe the root of a fabric; the zero value is good.
type RootOptions struct {
	// KeyType of the root; zero means [ca.P256].
	KeyType ca.KeyType
	// CommonName of the root, to which a tag is added; empty means "root".
	CommonName string
	// Organization is the name of the mesh in every CA; empty means the trust
	// domain.
	Organization string
	// TrustDomain of the mesh; empty means [DefaultTrustDomain].
	TrustDomain string
	// NameConstraints limit every intermediate of the fabric to the identities of its
	// trust domain and to these DNS names, which are those of istiod's own certificate:
	// see [secrets.IstiodNames]. None means that there are no limits.
	NameConstraints []string
	// NotAfter is the end of the root; zero means [ca.DefaultRootLifetime] from
	// now.
	NotAfter time.Time
	// NewPassword encrypts the key of the root; nil leaves it plain.
	NewPassword Password
}

// InitOptions adjust Init; the zero value is good.
type InitOptions struct {
	RootOptions
	// DryRun checks everything, asks nobody and changes nothing.
	DryRun bool
}

// Init makes the root of a fabric. A directory that has one is [ErrRootExists].
func (f *Fabric) Init(ctx context.Context, o InitOptions) (Certificate, error) {
	fresh := newAsked(o.NewPassword, o.DryRun)
	defer fresh.wipe()
	if err := f.askForNewRoot(ctx, fresh, f.RootKeyPath()); err != nil {
		return Certificate{}, err
	}
	var made Certificate
	err := f.change(ctx, o.DryRun, func(c changer) error {
		if err := f.wantNoRoot(c); err != nil {
			return err
		}
		root, err := f.makeRoot(ctx, c, o.RootOptions, fresh)
		if err != nil {
			return err
		}
		made = describe(root.Certificate())
		return nil
	})
	return made, err
}

// askForNewRoot asks for the passphrase of a root that is going to be made, unless there
// is one.
func (f *Fabric) askForNewRoot(ctx context.Context, fresh *asked, keyFile string) error {
	if fresh.ask == nil {
		return nil
	}
	if err := f.store.View(ctx, func(s *store.Snapshot) error { return f.wantNoRoot(s) }); err != nil {
		return err
	}
	return fresh.askForNew(ctx, keyFile)
}

// wantNoRoot refuses a directory that has a root, or had one.
func (f *Fabric) wantNoRoot(r reader) error {
	_, err := f.readRoot(r)
	switch {
	case err == nil:
		return fmt.Errorf("%s: %w", f.path(rootCertFile), ErrRootExists)
	case errors.Is(err, ErrNoRoot):
		return nil
	}
	return err
}

func (f *Fabric) makeRoot(ctx context.Context, c changer, o RootOptions, fresh *asked) (*ca.Authority, error) {
	config, err := newConfig(o.TrustDomain, o.NameConstraints)
	if err != nil {
		return nil, err
	}
	if o.Organization == "" {
		o.Organization = config.TrustDomain
	}
	key, err := f.generateKey(o.KeyType)
	if err != nil {
		return nil, err
	}
	root, err := ca.NewRoot(ca.RootOptions{
		Key:          key,
		CommonName:   o.CommonName,
		Organization: o.Organization,
		NotAfter:     o.NotAfter,
		Now:          f.now,
	})
	if err != nil {
		return nil, err
	}
	keyPEM, err := newKeyFile(ctx, key, fresh, f.RootKeyPath())
	if err != nil {
		return nil, err
	}
	defer clear(keyPEM)
	a, err := f.newAuthority("", root)
	if err != nil {
		return nil, err
	}
	return root, errors.Join(
		putAuthority(c, a),
		c.Write(rootKeyFile, keyPEM, store.Private),
		c.Write(rootCertFile, ca.MarshalCertificates(root.Certificate()), store.Public),
		writeConfig(c, config),
	)
}

// readRoot reads the root's certificate. A directory without anything is
// [ErrNoRoot]; one that has lost its root is another error, since a new root would
// part its clusters from each other.
func (f *Fabric) readRoot(r reader) (*x509.Certificate, error) {
	data, err := r.Read(rootCertFile, store.Public)
	if errors.Is(err, fs.ErrNotExist) {
		for _, left := range []string{rootKeyFile, issuingCertFile, issuingKeyFile, configFile, clustersFolder} {
			if found, err := r.Exists(left); err != nil || found {
				return nil, errors.Join(err, fmt.Errorf("%s is missing, though there is %s", f.path(rootCertFile), left))
			}
		}
		return nil, fmt.Errorf("%s: %w", f.Dir(), ErrNoRoot)
	}
	if err != nil {
		return nil, err
	}
	certs, err := ca.ParseCertificates(data)
	if err == nil && len(certs) != 1 {
		err = fmt.Errorf("%d certificates, expected one root", len(certs))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path(rootCertFile), err)
	}
	return certs[0], nil
}
