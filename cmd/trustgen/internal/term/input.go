package term

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/trustgen/trustgen/ca/store"
)

// MaxInput bounds a file, in bytes: a Secret holds at most 1 MiB.
const MaxInput = 4 << 20

// Read reads a file; "-" is stdin. It ends with the context, also while stdin has no data.
func (t *Terminal) Read(ctx context.Context, name string) ([]byte, error) {
	in := t.In
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	type content struct {
		data []byte
		err  error
	}
	read := make(chan content, 1)
	go func() {
		data, err := io.ReadAll(io.LimitReader(in, MaxInput+1))
		read <- content{data, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case got := <-read:
		if got.err == nil && len(got.data) > MaxInput {
			got.err = fmt.Errorf("%s: is larger than %d bytes", InputName(name), MaxInput)
		}
		return got.data, got.err
	}
}

// InputName is the name of a file in messages.
func InputName(name string) string {
	if name == "-" {
		return "stdin"
	}
	return name
}

// CheckPrivate refuses a file with a key or a passphrase that others can read. A pipe is accepted.
// The error is a [*store.ModeError].
func CheckPrivate(name string) error {
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
