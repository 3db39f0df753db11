package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets/fabric"
)

// passwordFlags say where the passphrase of a key comes from: a file, or a person at a
// terminal. It is never itself in a flag or in the environment, where others see it.
type passwordFlags struct {
	file string
	none bool
}

// addPasswordFile adds the flag for the passphrase of a key.
func addPasswordFile(cmd *cobra.Command, f *passwordFlags, whose string) {
	cmd.Flags().StringVar(&f.file, "password-file", "", "`file` whose first line is the passphrase of "+whose+"; - is stdin (default a prompt on a terminal)")
	_ = cmd.MarkFlagFilename("password-file")
}

// opening gives the passphrase of a key that is encrypted; nil where nobody can.
func (f *passwordFlags) opening(t *terminal) fabric.Password {
	switch {
	case f.file != "":
		return f.read(t)
	case t.Prompt == nil:
		return nil
	}
	return func(ctx context.Context, keyFile string) ([]byte, error) {
		return t.Prompt(ctx, fmt.Sprintf("Passphrase of %s: ", keyFile))
	}
}

// choosing gives the passphrase of a key that is new; nil where it is to be plain. A pipeline
// is asked nothing that it may not expect, even one that somebody started at a terminal.
func (f *passwordFlags) choosing(t *terminal) fabric.Password {
	switch {
	case f.none:
		return nil
	case f.file != "":
		return f.read(t)
	case t.Prompt == nil || !t.InTerminal:
		return nil
	}
	return func(ctx context.Context, keyFile string) ([]byte, error) {
		first, err := t.Prompt(ctx, fmt.Sprintf("New passphrase for %s: ", keyFile))
		if err != nil {
			return nil, err
		}
		if len(first) == 0 {
			return nil, ca.ErrEmptyPassword
		}
		again, err := t.Prompt(ctx, "The same again: ")
		if err != nil {
			return nil, err
		}
		defer clear(again)
		if !bytes.Equal(first, again) {
			clear(first)
			return nil, errors.New("the two passphrases are not the same")
		}
		return first, nil
	}
}

// read takes the first line of the file.
func (f *passwordFlags) read(t *terminal) fabric.Password {
	return func(ctx context.Context, _ string) ([]byte, error) {
		if err := checkPrivate(f.file); err != nil {
			return nil, err
		}
		data, err := t.read(ctx, f.file)
		if err != nil {
			return nil, err
		}
		defer clear(data)
		line, err := firstLine(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", displayName(f.file), err)
		}
		return bytes.Clone(line), nil
	}
}

// maxPassword bounds a passphrase, in bytes.
const maxPassword = 1024

// firstLine refuses what was named by mistake: a key, or anything that nobody can have typed.
func firstLine(data []byte) ([]byte, error) {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	switch {
	case bytes.Contains(data, pemBegin):
		return nil, errors.New("is PEM, expected a file whose first line is a passphrase")
	case !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0:
		return nil, errors.New("is not text in UTF-8, expected a file whose first line is a passphrase")
	case len(line) > maxPassword:
		return nil, fmt.Errorf("its first line has %d bytes, expected a passphrase of at most %d", len(line), maxPassword)
	case len(line) == 0:
		return nil, fmt.Errorf("%w: its first line is taken", ca.ErrEmptyPassword)
	}
	return line, nil
}

// checkPrivate refuses a file with keys or passphrases that others can read. A pipe is
// nobody's.
func checkPrivate(name string) error {
	if name == "-" {
		return nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if mode := info.Mode(); mode.IsRegular() && mode.Perm()&0o077 != 0 {
		return &store.ModeError{Path: name, Mode: mode.Perm(), Want: 0o600}
	}
	return nil
}
