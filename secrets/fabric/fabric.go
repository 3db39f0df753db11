package fabric

import (
	"context"
	"crypto"
	"path/filepath"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
)

// Fabric is the trust of a mesh, kept in a directory. Several goroutines may use it.
type Fabric struct {
	store       *store.Store
	now         func() time.Time
	passphrase  Passphrase
	generateKey func(ca.KeyType) (crypto.Signer, error)
}

// Options adjust a fabric; the zero value is ready to use.
type Options struct {
	// Now is the clock; nil means time.Now. An operation reads it once.
	Now func() time.Time
	// Holder is the name of this process for others that wait for it; empty means the name of
	// the program.
	Holder string
	// LockTimeout is how long to wait for other processes; zero means
	// [store.DefaultLockTimeout].
	LockTimeout time.Duration
	// Passphrase opens the key of the root or of the issuing CA if it is encrypted. Nil means
	// [ErrPassphraseMissing] then.
	Passphrase Passphrase
}

// Open opens a directory. It need not exist: the first change creates it. The errors are those
// of [store.Open].
func Open(ctx context.Context, dir string, o Options) (*Fabric, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s, err := store.Open(ctx, dir, store.Options{Holder: o.Holder, LockTimeout: o.LockTimeout, Now: o.Now})
	if err != nil {
		return nil, err
	}
	return &Fabric{store: s, now: o.Now, passphrase: o.Passphrase, generateKey: ca.GenerateKey}, nil
}

// Dir is the cleaned path of the directory.
func (f *Fabric) Dir() string { return f.store.Dir() }

// RootKeyPath is the file of the root's key.
func (f *Fabric) RootKeyPath() string { return f.path(rootKeyFile) }

// ClusterPath is the folder of a cluster.
func (f *Fabric) ClusterPath(cluster string) string { return f.path(clusterFolder(cluster)) }

func (f *Fabric) path(name string) string {
	return filepath.Join(f.Dir(), filepath.FromSlash(name))
}
