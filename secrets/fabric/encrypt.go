package fabric

import (
	"context"
	"crypto"
	"errors"
	"fmt"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
)

// ErrKeyEncrypted says that a key is encrypted already.
var ErrKeyEncrypted = errors.New("the key is encrypted already")

// EncryptOptions adjust Encrypt.
type EncryptOptions struct {
	// NewPassword gives the passphrase. It is required, except by a dry run.
	NewPassword Password
	// DryRun checks everything, asks nobody and changes nothing.
	DryRun bool
}

// Encrypted is what Encrypt did.
type Encrypted struct {
	name string

	// KeyPath is the file of the key.
	KeyPath string
	// Certificate is that of the CA that the key belongs to.
	Certificate Certificate
}

// Encrypt encrypts the key of the CA that issues: of the root, or of the issuing CA
// below it. The plain key is gone from the directory once the encrypted one is durable,
// was read back, could be opened, and was found to be that of the certificate; until then
// nothing has changed. What the disk keeps of the old file, and backups, are out of
// reach.
//
// The error is [ErrNoRoot], [ErrRootKeyMissing], [ErrIssuingKeyMissing],
// [ErrKeyEncrypted], [ErrNewPasswordMissing] or [ErrPasswordShort].
func (f *Fabric) Encrypt(ctx context.Context, o EncryptOptions) (Encrypted, error) {
	var done Encrypted
	look := func(s *store.Snapshot) (err error) {
		_, done, err = f.readPlainKey(s)
		return err
	}
	if err := f.store.View(ctx, look); err != nil || o.DryRun {
		return done, err
	}
	if o.NewPassword == nil {
		return Encrypted{}, fmt.Errorf("%s: %w", done.KeyPath, ErrNewPasswordMissing)
	}
	fresh := &asked{ask: o.NewPassword}
	defer fresh.wipe()
	if err := fresh.askForNew(ctx, done.KeyPath); err != nil {
		return Encrypted{}, err
	}
	return done, f.store.Update(ctx, func(tx *store.Tx) error {
		key, done, err := f.readPlainKey(tx)
		if err != nil {
			return err
		}
		password, err := fresh.password(ctx, done.KeyPath)
		if err != nil {
			return err
		}
		data, err := ca.EncryptKey(key, password)
		if err != nil {
			return fmt.Errorf("%s: %w", done.KeyPath, err)
		}
		return tx.Replace(done.name, data, store.Private, func(readBack []byte) error {
			return opens(readBack, password, key.Public())
		})
	})
}

// readPlainKey reads a key that is not encrypted, and holds it against its certificate.
func (f *Fabric) readPlainKey(r reader) (crypto.Signer, Encrypted, error) {
	root, err := f.readRoot(r)
	if err != nil {
		return nil, Encrypted{}, err
	}
	chain, err := f.readIssuing(r, root)
	if err != nil {
		return nil, Encrypted{}, err
	}
	path, data, err := f.readKeyFile(r, chain)
	if err != nil {
		return nil, Encrypted{}, err
	}
	defer clear(data)
	key, err := ca.ParseKey(data)
	switch {
	case errors.Is(err, ca.ErrEncryptedKey):
		err = ErrKeyEncrypted
	case err == nil && !ca.MatchKey(key, chain[0]):
		err = fmt.Errorf("%w of %s", ca.ErrKeyMismatch, ca.Describe(chain[0]))
	}
	if err != nil {
		return nil, Encrypted{}, fmt.Errorf("%s: %w", path, err)
	}
	name, _ := keyFileOf(chain)
	return key, Encrypted{name: name, KeyPath: path, Certificate: describe(chain[0])}, nil
}
