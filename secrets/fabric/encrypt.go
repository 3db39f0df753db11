package fabric

import (
	"context"
	"crypto"
	"errors"
	"fmt"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// ErrKeyEncrypted says that a key is encrypted already.
var ErrKeyEncrypted = errors.New("the key is encrypted already")

// EncryptOptions adjust Encrypt.
type EncryptOptions struct {
	// NewPassphrase returns the passphrase. It is required, except for a dry run.
	NewPassphrase Passphrase
	// DryRun checks everything, asks nobody and changes nothing.
	DryRun bool
}

// EncryptResult is what Encrypt did.
type EncryptResult struct {
	// KeyPath is the file of the key.
	KeyPath string
	// Certificate is that of the CA of the key.
	Certificate mesh.Summary
}

// Encrypt encrypts the key of the CA that issues: of the root, or of the issuing CA below it.
// The plain key is removed when the encrypted one is durable, was read back and opened, and was
// found to be that of the certificate; until then nothing changes. The blocks of the disk and
// backups may keep the old file.
//
// The error is [ErrNoRoot], [ErrKeyMissing], [ErrKeyEncrypted], [ErrNewPassphraseMissing] or
// [ErrPassphraseShort].
func (f *Fabric) Encrypt(ctx context.Context, o EncryptOptions) (EncryptResult, error) {
	var done EncryptResult
	var key crypto.Signer
	err := f.run(ctx, operation{
		dryRun: o.DryRun,
		decide: func(_ context.Context, d *directory) (need needs, err error) {
			done = EncryptResult{KeyPath: d.path(d.issuerKeyFile()), Certificate: mesh.Summarize(d.issuing[0])}
			if key, err = d.readPlainKey(); err == nil && o.NewPassphrase == nil && !o.DryRun {
				err = fmt.Errorf("%s: %w", done.KeyPath, ErrNewPassphraseMissing)
			}
			return needs{newKey: done.KeyPath}, err
		},
		change: func(ctx context.Context, d *directory) error {
			if o.DryRun {
				return nil
			}
			return d.replaceKey(ctx, key)
		},
	}, &passphrases{fresh: prompt{ask: o.NewPassphrase}})
	if err != nil {
		return EncryptResult{}, err
	}
	return done, nil
}

// readPlainKey reads the key of the CA that issues, which is not encrypted, and compares it with
// the certificate.
func (d *directory) readPlainKey() (crypto.Signer, error) {
	data, err := d.readIssuerKeyFile()
	if err != nil {
		return nil, err
	}
	defer clear(data)
	key, err := ca.ParseKey(data)
	switch {
	case errors.Is(err, ca.ErrEncryptedKey):
		err = ErrKeyEncrypted
	case err == nil && !ca.MatchKey(key, d.issuing[0]):
		err = fmt.Errorf("%w of %s", ca.ErrKeyMismatch, ca.Describe(d.issuing[0]))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.path(d.issuerKeyFile()), err)
	}
	return key, nil
}

// replaceKey puts an encrypted key in the place of the plain one, and leaves nothing of that.
func (d *directory) replaceKey(ctx context.Context, key crypto.Signer) error {
	file := d.path(d.issuerKeyFile())
	passphrase, err := d.fresh.get(ctx, file)
	if err != nil {
		return err
	}
	data, err := ca.EncryptKey(key, passphrase)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return d.files.Replace(d.issuerKeyFile(), data, store.Private, func(readBack []byte) error {
		return checkSealed(readBack, passphrase, key.Public())
	})
}
