package fabric

import (
	"context"
	"crypto"
	"path/filepath"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
)

// Fabric is the trust of a mesh, kept in a directory. Several goroutines may use
// it.
type Fabric struct {
	store       *store.Store
	now         func() time.Time
	password    Password
	generateKey func(ca.KeyType) (crypto.Signer, error)
}

// Options adjust a fabric; the zero value is good.
type Options struct {
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Holder is what this process calls itself to others that wait for it;
	// empty means the name of the program.
	Holder string
	// LockTimeout is how long to wait for other processes; zero means
	// [store.DefaultLockTimeout].
	LockTimeout time.Duration
	// Password opens the key of the root or of the issuing CA where it is encrypted. Nil
	// is [ErrPasswordMissing] then.
	Password Password
}

// Open opens a directory. It need not exist: what changes it first makes it. The
// errors are those of [store.Open].
func Open(ctx context.Context, dir string, o Options) (*Fabric, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	s, err := store.Open(ctx, dir, store.Options{Holder: o.Holder, LockTimeout: o.LockTimeout, Now: o.Now})
	if err != nil {
		return nil, err
	}
	return &Fabric{store: s, now: o.Now, password: o.Password, generateKey: ca.GenerateKey}, nil
}

// Dir is the directory, as it was opened.
func (f *Fabric) Dir() string { return f.store.Dir() }

// RootKeyPath is the file of the root's key.
func (f *Fabric) RootKeyPath() string { return f.path(rootKeyFile) }

// ClusterPath is the folder of a cluster.
func (f *Fabric) ClusterPath(cluster string) string { return f.path(clusterFolder(cluster)) }

func (f *Fabric) path(name string) string {
	return filepath.Join(f.Dir(), filepath.FromSlash(name))
}

// reader is what the fabric needs to look at the directory.
type reader interface {
	Exists(name string) (bool, error)
	List(folder string) ([]string, error)
	Read(name string, mode store.Mode) ([]byte, error)
}

// changer is what it needs to change it: a transaction, or a rehearsal of one.
type changer interface {
	reader
	Write(name string, data []byte, mode store.Mode) error
	Retire(name string) error
	Replace(name string, data []byte, mode store.Mode, check func(readBack []byte) error) error
}

// rehearsal lets a change run to its end without changing anything.
type rehearsal struct{ *store.Snapshot }

func (rehearsal) Write(string, []byte, store.Mode) error { return nil }
func (rehearsal) Retire(string) error                    { return nil }
func (rehearsal) Replace(string, []byte, store.Mode, func([]byte) error) error {
	return nil
}

// change runs a function that changes the directory, or rehearses it.
func (f *Fabric) change(ctx context.Context, dryRun bool, change func(changer) error) error {
	if dryRun {
		return f.store.View(ctx, func(s *store.Snapshot) error { return change(rehearsal{s}) })
	}
	return f.store.Update(ctx, func(tx *store.Tx) error { return change(tx) })
}
