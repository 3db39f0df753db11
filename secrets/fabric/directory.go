package fabric

import (
	"context"
	"crypto/x509"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// directory is the trust directory inside one transaction.
type directory struct {
	trust
	files *watchedChanger
	path  func(name string) string
	now   time.Time
	keys  keySource
	fresh *prompt // for a key that is written

	loaded *mesh.Mesh
}

// trust is what makes a directory one of a mesh.
type trust struct {
	issuing  []*x509.Certificate // from the CA that issues to the root
	settings mesh.Settings
}

func (t trust) root() *x509.Certificate { return t.issuing[len(t.issuing)-1] }

// clock is the instant of the transaction for package ca.
func (d *directory) clock() time.Time { return d.now }

// issuerKeyFile is the file of the key of the CA that issues.
func (d *directory) issuerKeyFile() string {
	if len(d.issuing) > 1 {
		return issuingKeyFile
	}
	return rootKeyFile
}

// keySource is where the keys of the CAs of a directory are. A device or a KMS answers the same
// questions as the files of today.
type keySource interface {
	// has reports whether the key of a CA is at hand.
	has(*mesh.CA) (bool, error)
	// signer joins a CA with its key.
	signer(context.Context, *mesh.CA) (*ca.Authority, error)
	// issuer joins the CA that issues with its key, once.
	issuer(context.Context) (*ca.Authority, error)
	// locked names the key of the CA that issues if it takes a passphrase to use it; empty if it
	// does not.
	locked() (string, error)
}
