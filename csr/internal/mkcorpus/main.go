// Command mkcorpus generates the corpus of requests:
//
//	go run ./csr/internal/mkcorpus csr/testdata/corpus
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trustgen/trustgen/csr/internal/corpus"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mkcorpus: error:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("expected one argument, the directory of the corpus")
	}
	for _, dir := range []string{"valid", "hostile"} {
		dir = filepath.Join(args[0], dir)
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // it is a part of the source
			return err
		}
	}
	for _, c := range corpus.Cases() {
		text, err := c.YAML()
		if err != nil {
			return fmt.Errorf("%s: %w", c.Title, err)
		}
		if err := os.WriteFile(filepath.Join(args[0], c.File()), text, 0o644); err != nil { //nolint:gosec // it is a part of the source
			return err
		}
	}
	return nil
}
