package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

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

func addPasswordFile(cmd *cobra.Command, f *passwordFlags, usage string) {
	cmd.Flags().StringVar(&f.file, "password-file", "", usage)
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

// choosing gives the passphrase of a key that is new; nil where it is to be plain.
func (f *passwordFlags) choosing(t *terminal) fabric.Password {
	switch {
	case f.none:
		return nil
	case f.file != "":
		return f.read(t)
	case t.Prompt == nil:
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
		line, _, _ := bytes.Cut(data, []byte("\n"))
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) == 0 {
			return nil, fmt.Errorf("%s: %w: its first line is taken", displayName(f.file), ca.ErrEmptyPassword)
		}
		return bytes.Clone(line), nil
	}
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
