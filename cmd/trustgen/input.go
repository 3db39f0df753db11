package main

import (
	"context"
	"fmt"
	"io"
	"os"
)

// maxInput bounds a file: a Secret holds at most 1 MiB.
const maxInput = 4 << 20

// read reads a file or stdin, which may keep it waiting until the context ends.
func (t *terminal) read(ctx context.Context, name string) ([]byte, error) {
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
		data, err := io.ReadAll(io.LimitReader(in, maxInput+1))
		read <- content{data, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case got := <-read:
		if got.err == nil && len(got.data) > maxInput {
			got.err = fmt.Errorf("%s: is larger than %d bytes", displayName(name), maxInput)
		}
		return got.data, got.err
	}
}

func displayName(name string) string {
	if name == "-" {
		return "stdin"
	}
	return name
}
