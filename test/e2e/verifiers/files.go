package verifiers

import (
	"errors"
	"os"
	"path/filepath"
)

// files are the inputs of a command, in PEM.
type files struct{ roots, chain, crls []byte }

// paths are the paths of files; empty if there are no CRLs.
type paths struct{ roots, chain, crls string }

// withFiles writes the files, calls verify with their paths and removes them.
func withFiles(f files, verify func(paths) error) error {
	dir, err := os.MkdirTemp("", "trustgen-verify-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p := paths{roots: filepath.Join(dir, "roots.pem"), chain: filepath.Join(dir, "chain.pem")}
	err = errors.Join(os.WriteFile(p.roots, f.roots, 0o600), os.WriteFile(p.chain, f.chain, 0o600))
	if len(f.crls) > 0 {
		p.crls = filepath.Join(dir, "crls.pem")
		err = errors.Join(err, os.WriteFile(p.crls, f.crls, 0o600))
	}
	if err != nil {
		return err
	}
	return verify(p)
}
