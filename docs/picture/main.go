// Command picture draws the picture of README.md: a root, two clusters and their workloads,
// one cluster with a plug-in CA and one with an external CA. It writes one SVG for a
// light and one for a dark page:
//
//	go run ./docs/picture docs
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "picture: error:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return errors.New("expected one argument, the directory to write to")
	}
	if err := os.MkdirAll(args[0], 0o755); err != nil { //nolint:gosec // it is a part of the source
		return err
	}
	for _, t := range themes {
		file := filepath.Join(args[0], "trust-"+t.name+".svg")
		if err := os.WriteFile(file, draw(trust(), t), 0o644); err != nil { //nolint:gosec // it is a part of the source
			return err
		}
	}
	return nil
}
