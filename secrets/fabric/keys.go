package fabric

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sync"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// keyFiles are keys in the files of the directory.
type keyFiles struct {
	directory  *directory
	passphrase *prompt

	once   sync.Once
	opened *ca.Authority // the CA that issues
	err    error
}

// isIssuer reports whether a CA is the one that issues.
func (k *keyFiles) isIssuer(a *mesh.CA) bool { return a.ID() == mesh.KeyID(k.directory.issuing[0]) }

func (k *keyFiles) has(a *mesh.CA) (bool, error) {
	d := k.directory
	if k.isIssuer(a) {
		return d.files.Exists(d.issuerKeyFile())
	}
	folder, current := k.folder(a)
	switch {
	case folder == "":
		return false, nil
	case current:
		return d.files.Exists(path.Join(folder, secrets.CAKeyFile)) // signer reports what is wrong with it
	}
	_, err := k.clusterSigner(folder)
	return err == nil, nil // a superseded key that cannot be used is not at hand
}

// folder is that of the bundle of a CA, empty if there is none.
func (k *keyFiles) folder(a *mesh.CA) (name string, current bool) {
	b := k.directory.loaded.BundleOf(a)
	if b == nil {
		return "", false
	}
	return b.Path, b.Current && b.Cluster == a.Cluster
}

func (k *keyFiles) signer(ctx context.Context, a *mesh.CA) (*ca.Authority, error) {
	if k.isIssuer(a) {
		return k.issuer(ctx)
	}
	folder, _ := k.folder(a)
	return k.clusterSigner(folder)
}

func (k *keyFiles) clusterSigner(folder string) (*ca.Authority, error) {
	d := k.directory
	file := path.Join(folder, secrets.CAKeyFile)
	data, err := d.files.Read(file, store.Private)
	if err != nil {
		return nil, err
	}
	defer clear(data)
	key, err := ca.ParseKey(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.path(file), err)
	}
	chain, _ := d.identify(folder)
	signer, _, err := ca.LoadImported(key, chain, d.clock)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.path(folder), err)
	}
	return signer, nil
}

func (k *keyFiles) issuer(ctx context.Context) (*ca.Authority, error) {
	k.once.Do(func() { k.opened, k.err = k.openIssuer(ctx) })
	return k.opened, k.err
}

// openIssuer reads the key of the CA that issues. The certificate was created or imported here,
// and what it tolerates was reported then.
func (k *keyFiles) openIssuer(ctx context.Context) (*ca.Authority, error) {
	d := k.directory
	key, err := k.readIssuerKey(ctx)
	if err != nil {
		return nil, err
	}
	authority, _, err := ca.LoadImported(key, d.issuing, d.clock)
	switch {
	case errors.Is(err, ca.ErrKeyMismatch):
		return nil, fmt.Errorf("%s: %w", d.path(d.issuerKeyFile()), err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", d.path(""), err)
	}
	return authority, nil
}

func (k *keyFiles) readIssuerKey(ctx context.Context) (crypto.Signer, error) {
	file := k.directory.path(k.directory.issuerKeyFile())
	data, err := k.directory.readIssuerKeyFile()
	if err != nil {
		return nil, err
	}
	defer clear(data)
	key, err := ca.ParseKey(data)
	if errors.Is(err, ca.ErrEncryptedKey) {
		passphrase, err := k.passphrase.get(ctx, file)
		if err != nil {
			return nil, err
		}
		if key, err = ca.ParseEncryptedKey(data, passphrase); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		return key, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return key, nil
}

// readIssuerKeyFile reads the file of the key of the CA that issues, encrypted or not. The error
// for a file that is missing is [ErrKeyMissing].
func (d *directory) readIssuerKeyFile() ([]byte, error) {
	name := d.issuerKeyFile()
	data, err := d.files.Read(name, store.Private)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s: %w", d.path(name), ErrKeyMissing)
	}
	return data, err
}

func (k *keyFiles) locked() (string, error) {
	data, err := k.directory.readIssuerKeyFile()
	if err != nil {
		return "", err
	}
	defer clear(data)
	if !isEncrypted(data) {
		return "", nil // whatever else is wrong is found when it is used
	}
	return k.directory.path(k.directory.issuerKeyFile()), nil
}

// mayBeLocked reports whether one of the two files that can hold the key of the CA that issues is
// encrypted. It reads no certificate.
func (d *directory) mayBeLocked() bool {
	for _, name := range []string{issuingKeyFile, rootKeyFile} {
		data, err := d.files.Read(name, store.Private)
		if err == nil && isEncrypted(data) {
			clear(data)
			return true
		}
		clear(data)
	}
	return false
}

func isEncrypted(data []byte) bool {
	_, err := ca.ParseKey(data)
	return errors.Is(err, ca.ErrEncryptedKey)
}

// writeNewKey writes a key that was created or imported: encrypted if there is a passphrase for
// it, else plain.
func (d *directory) writeNewKey(ctx context.Context, name string, key crypto.Signer) error {
	data, err := d.sealKey(ctx, d.path(name), key)
	if err != nil {
		return err
	}
	defer clear(data)
	return d.files.Write(name, data, store.Private)
}

func (d *directory) sealKey(ctx context.Context, file string, key crypto.Signer) ([]byte, error) {
	if d.fresh.ask == nil {
		return ca.MarshalKey(key)
	}
	passphrase, err := d.fresh.get(ctx, file)
	if err != nil {
		return nil, err
	}
	data, err := ca.EncryptKey(key, passphrase)
	if err == nil {
		err = checkSealed(data, passphrase, key.Public())
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return data, nil
}

// checkSealed opens an encrypted key again, and expects the key of a public key.
func checkSealed(data, passphrase []byte, public crypto.PublicKey) error {
	key, err := ca.ParseEncryptedKey(data, passphrase)
	if err != nil {
		return err
	}
	if !ca.SamePublicKey(key.Public(), public) {
		return ca.ErrKeyMismatch
	}
	return nil
}
