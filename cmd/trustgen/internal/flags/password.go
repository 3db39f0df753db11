package flags

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/files"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/secrets/fabric"
)

// Password are the flags for the passphrase of a key: from a file, or from a prompt. A passphrase is
// never itself in a flag or in the environment, where others can see it.
type Password struct {
	File string
	None bool // --no-password
}

// Add adds the flag for the file.
func (f *Password) Add(cmd *cobra.Command, whose string) {
	InputFile(cmd, &f.File, "password-file", "`file` whose first line is the passphrase of "+whose+"; - is stdin (default a prompt on a terminal)")
}

// AddNone adds the flag for a plain key.
func (f *Password) AddNone(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.None, "no-password", false, "leave the key plain, without a prompt")
}

// Opening gives the passphrase of an encrypted key; nil without a file and a terminal.
func (f *Password) Opening(t *term.Terminal) fabric.Passphrase {
	switch {
	case f.File != "":
		return f.read(t)
	case t.Prompt == nil:
		return nil
	}
	return func(ctx context.Context, keyFile string) ([]byte, error) {
		return t.Prompt(ctx, fmt.Sprintf("Passphrase of %s: ", keyFile))
	}
}

// Choosing gives the passphrase of a new key; nil for a plain one. Only a person whose terminal is
// stdin has a prompt: a pipeline does not expect one.
func (f *Password) Choosing(t *term.Terminal) fabric.Passphrase {
	switch {
	case f.None:
		return nil
	case f.File != "":
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
			return nil, errors.New("the two passphrases differ")
		}
		return first, nil
	}
}

// read reads the first line of the file.
func (f *Password) read(t *term.Terminal) fabric.Passphrase {
	return func(ctx context.Context, _ string) ([]byte, error) {
		if err := term.CheckPrivate(f.File); err != nil {
			return nil, err
		}
		data, err := t.Read(ctx, f.File)
		if err != nil {
			return nil, err
		}
		defer clear(data)
		line, err := firstLine(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", term.InputName(f.File), err)
		}
		return bytes.Clone(line), nil
	}
}

// maxPassword bounds a passphrase, in bytes.
const maxPassword = 1024

// firstLine refuses a file that was named by mistake: a key, or text that cannot be typed.
func firstLine(data []byte) ([]byte, error) {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	switch {
	case files.IsPEM(data):
		return nil, errors.New("is PEM, expected a file whose first line is a passphrase")
	case !utf8.Valid(data) || bytes.IndexByte(data, 0) >= 0:
		return nil, errors.New("is not text in UTF-8, expected a file whose first line is a passphrase")
	case len(line) > maxPassword:
		return nil, fmt.Errorf("its first line has %d bytes, expected a passphrase of at most %d", len(line), maxPassword)
	case len(line) == 0:
		return nil, fmt.Errorf("%w: the first line of the file is the passphrase", ca.ErrEmptyPassword)
	}
	return line, nil
}
