package fabric

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/trustgen/trustgen/ca"
)

// Password gives the passphrase of the key in a file. It is called when one is needed
// and not before, at most once in a call, and not while the directory is locked. What it
// returns is overwritten when the call ends.
type Password func(ctx context.Context, keyFile string) ([]byte, error)

// ErrPasswordMissing says that a key is encrypted, and that there is nobody to give its
// passphrase.
var ErrPasswordMissing = errors.New("the key is encrypted, and there is no passphrase for it")

// ErrNewPasswordMissing says that a key is to be encrypted, and that there is nobody to
// choose a passphrase.
var ErrNewPasswordMissing = errors.New("there is no passphrase to encrypt the key with")

// ErrPasswordShort says that a new passphrase is too easy to guess.
var ErrPasswordShort = errors.New("the passphrase is too short")

// MinPasswordLength is how many characters a new passphrase has at least (NIST SP 800-63B
// §5.1.1.2). A key that comes encrypted keeps the one that it has.
const MinPasswordLength = 8

// checkNewPassword refuses what is too short.
func checkNewPassword(password []byte) error {
	switch n := utf8.RuneCount(password); {
	case n == 0:
		return ca.ErrEmptyPassword
	case n < MinPasswordLength:
		return fmt.Errorf("%w: it has %d characters, expected at least %d", ErrPasswordShort, n, MinPasswordLength)
	}
	return nil
}

// newAsked is for a key that is to be written, which a dry run does not.
func newAsked(ask Password, dryRun bool) *asked {
	if dryRun {
		return &asked{}
	}
	return &asked{ask: ask}
}

// asked is a passphrase for the time of one call.
type asked struct {
	ask        Password
	got        []byte
	mayBeShort bool
}

func (a *asked) password(ctx context.Context, keyFile string) ([]byte, error) {
	if a.got != nil {
		return a.got, nil
	}
	if a.ask == nil {
		return nil, fmt.Errorf("%s: %w", keyFile, ErrPasswordMissing)
	}
	got, err := a.ask(ctx, keyFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyFile, err)
	}
	a.got = got
	return got, nil
}

// askForNew asks for the passphrase of a key that is going to be written, before the
// directory is locked for it.
func (a *asked) askForNew(ctx context.Context, keyFile string) error {
	password, err := a.password(ctx, keyFile)
	if err != nil {
		return err
	}
	if err := checkNewPassword(password); err != nil && !a.mayBeShort {
		return fmt.Errorf("%s: %w", keyFile, err)
	}
	return nil
}

func (a *asked) wipe() { clear(a.got) }

// sealKey encrypts a key, and opens it again to be sure that it can be.
func sealKey(key crypto.Signer, password []byte) ([]byte, error) {
	data, err := ca.EncryptKey(key, password)
	if err != nil {
		return nil, err
	}
	return data, opens(data, password, key.Public())
}

// opens expects that an encrypted key can be opened, and is the one of a public key.
func opens(data, password []byte, public crypto.PublicKey) error {
	key, err := ca.ParseEncryptedKey(data, password)
	if err != nil {
		return err
	}
	if !ca.SamePublicKey(key.Public(), public) {
		return ca.ErrKeyMismatch
	}
	return nil
}

// newKeyFile is the content of the file of a key: encrypted if there is to be a
// passphrase, else plain.
func newKeyFile(ctx context.Context, key crypto.Signer, fresh *asked, path string) ([]byte, error) {
	if fresh.ask == nil {
		return ca.MarshalKey(key)
	}
	password, err := fresh.password(ctx, path)
	if err != nil {
		return nil, err
	}
	data, err := sealKey(key, password)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}
