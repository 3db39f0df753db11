package verifiers

import (
	"errors"
	"os"
	"path/filepath"
)

// withFiles writes two PEM files, calls verify with their paths and removes them.
func withFiles(roots, chain []byte, verify func(roots, chain string) error) error {
	dir, err := os.MkdirTemp("", "trustgen-verify-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	rootsPath, chainPath := filepath.Join(dir, "roots.pem"), filepath.Join(dir, "chain.pem")
	err = errors.Join(os.WriteFile(rootsPath, roots, 0o600), os.WriteFile(chainPath, chain, 0o600))
	if err != nil {
		return err
	}
	return verify(rootsPath, chainPath)
}
