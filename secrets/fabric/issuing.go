package fabric

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
)

// The CA that issues the clusters' intermediates is the root, or, where these files are,
// an issuing CA below a root whose key is elsewhere.
const (
	issuingCertFile = "issuing-cert.pem"
	issuingKeyFile  = "issuing-key.pem"
)

// readIssuing reads the chain from the CA that issues up to the root.
func (f *Fabric) readIssuing(r reader, root *x509.Certificate) ([]*x509.Certificate, error) {
	data, err := r.Read(issuingCertFile, store.Public)
	if errors.Is(err, fs.ErrNotExist) {
		return []*x509.Certificate{root}, nil
	}
	if err != nil {
		return nil, err
	}
	chain, err := ca.ParseCertificates(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path(issuingCertFile), err)
	}
	return append(chain, root), nil
}

// keyFileOf is the file of the key of the CA that issues, and the error that says that
// it is not there.
func keyFileOf(chain []*x509.Certificate) (name string, missing error) {
	if len(chain) > 1 {
		return issuingKeyFile, ErrIssuingKeyMissing
	}
	return rootKeyFile, ErrRootKeyMissing
}

// readKeyFile reads the file of a key, whatever is in it.
func (f *Fabric) readKeyFile(r reader, chain []*x509.Certificate) (path string, data []byte, err error) {
	name, missing := keyFileOf(chain)
	data, err = r.Read(name, store.Private)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s: %w", f.path(name), missing)
	}
	return f.path(name), data, err
}

// readKey reads the key of the CA that issues, and asks for its passphrase if it has
// one.
func (f *Fabric) readKey(ctx context.Context, r reader, chain []*x509.Certificate, old *asked) (crypto.Signer, error) {
	path, data, err := f.readKeyFile(r, chain)
	if err != nil {
		return nil, err
	}
	defer clear(data)
	key, err := ca.ParseKey(data)
	if errors.Is(err, ca.ErrEncryptedKey) {
		password, err := old.password(ctx, path)
		if err != nil {
			return nil, err
		}
		key, err = ca.ParseEncryptedKey(data, password)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return key, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// loadAuthority joins the CA that issues with its key. What is in the directory was
// made by it or imported, which is when what it tolerates was told.
func (f *Fabric) loadAuthority(ctx context.Context, r reader, root *x509.Certificate, old *asked) (*ca.Authority, error) {
	chain, err := f.readIssuing(r, root)
	if err != nil {
		return nil, err
	}
	key, err := f.readKey(ctx, r, chain, old)
	if err != nil {
		return nil, err
	}
	authority, _, err := ca.LoadImported(key, chain, f.now)
	switch {
	case errors.Is(err, ca.ErrKeyMismatch):
		name, _ := keyFileOf(chain)
		return nil, fmt.Errorf("%s: %w", f.path(name), err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", f.Dir(), err)
	}
	return authority, nil
}

// lockedKey is the file of the key of the CA that issues, if the key is encrypted.
func (f *Fabric) lockedKey(r reader, chain []*x509.Certificate) (string, error) {
	path, data, err := f.readKeyFile(r, chain)
	if err != nil {
		return "", err
	}
	defer clear(data)
	if _, err := ca.ParseKey(data); !errors.Is(err, ca.ErrEncryptedKey) {
		return "", nil // whatever else is wrong is found when it is used
	}
	return path, nil
}
