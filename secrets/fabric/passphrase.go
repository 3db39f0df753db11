package fabric

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/trustgen/trustgen/ca"
)

// Passphrase returns the passphrase of the key in a file. It is called at most once in an
// operation, only if it is needed, and not while the directory is locked. What it returns is
// overwritten when the operation ends.
type Passphrase func(ctx context.Context, keyFile string) ([]byte, error)

var (
	// ErrPassphraseMissing says that a key is encrypted, and that there is no passphrase for it.
	ErrPassphraseMissing = errors.New("the key is encrypted, and there is no passphrase for it")
	// ErrNewPassphraseMissing says that there is no passphrase to encrypt a key with.
	ErrNewPassphraseMissing = errors.New("there is no passphrase to encrypt the key with")
	// ErrPassphraseShort says that a new passphrase is too easy to guess.
	ErrPassphraseShort = errors.New("the passphrase is too short")
)

// MinPassphraseLength is the least number of characters of a new passphrase (NIST SP 800-63B
// §5.1.1.2). A key that is imported encrypted keeps the one that it has.
const MinPassphraseLength = 8

func checkNewPassphrase(p []byte) error {
	switch n := utf8.RuneCount(p); {
	case n == 0:
		return ca.ErrEmptyPassword
	case n < MinPassphraseLength:
		return fmt.Errorf("%w: it has %d characters, expected at least %d", ErrPassphraseShort, n, MinPassphraseLength)
	}
	return nil
}

// passphrases are those of one operation.
type passphrases struct {
	// existing opens the key of the CA that issues, fresh encrypts a key that is written. A nil
	// fresh.ask leaves that key plain.
	existing, fresh prompt
}

func (p *passphrases) wipe() {
	clear(p.existing.answer)
	clear(p.fresh.answer)
}

// prompt asks for a passphrase once.
type prompt struct {
	ask        Passphrase
	mayBeShort bool // it encrypts the key already
	answer     []byte
}

func (p *prompt) get(ctx context.Context, keyFile string) ([]byte, error) {
	if p.answer != nil {
		return p.answer, nil
	}
	if p.ask == nil {
		return nil, fmt.Errorf("%s: %w", keyFile, ErrPassphraseMissing)
	}
	answer, err := p.ask(ctx, keyFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyFile, err)
	}
	p.answer = answer
	return answer, nil
}

// getNew is get for a passphrase that is new.
func (p *prompt) getNew(ctx context.Context, keyFile string) error {
	answer, err := p.get(ctx, keyFile)
	if err != nil {
		return err
	}
	if err := checkNewPassphrase(answer); err != nil && !p.mayBeShort {
		return fmt.Errorf("%s: %w", keyFile, err)
	}
	return nil
}
