package pages

import (
	"crypto"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// WriteGiven writes the files that the pages presume into dir: a corporate root, and an
// issuing CA below it with its key.
func WriteGiven(dir string) error {
	rootKey, err1 := ca.GenerateKey(ca.P256)
	issuingKey, err2 := ca.GenerateKey(ca.P256)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	root, err := ca.NewRoot(ca.RootOptions{Key: rootKey, CommonName: "Example Root", Organization: "Example"})
	if err != nil {
		return err
	}
	issuing, err := issue(root, issuingKey.Public())
	if err != nil {
		return err
	}
	key, err := ca.MarshalKey(issuingKey)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "corporate.pem"), ca.MarshalCertificates(root.Chain()...), 0o644),
		os.WriteFile(filepath.Join(dir, "mesh-ca.pem"), issuing, 0o644),
		os.WriteFile(filepath.Join(dir, "mesh-ca-key.pem"), key, 0o600),
	)
}

// issue returns a CA with path length 1, in PEM.
func issue(root *ca.Authority, key crypto.PublicKey) ([]byte, error) {
	profile, err := ca.Intermediate(ca.IntermediateOptions{PathLen: 1, Lifetime: 1825 * 24 * time.Hour})
	if err != nil {
		return nil, err
	}
	draft, err := root.Prepare(profile, ca.Request{PublicKey: key, CommonName: "mesh"})
	if err != nil {
		return nil, err
	}
	cert, err := root.Issue(draft)
	if err != nil {
		return nil, err
	}
	return ca.MarshalCertificates(cert), nil
}
