package fabric

import (
	"context"

	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// operation is a change of the directory. Every verb that changes something is one, and
// [Fabric.run] is the only way to carry it out.
type operation struct {
	// dryRun decides and makes everything, and changes nothing.
	dryRun bool
	// trust returns the trust that the directory has, or is going to have; nil reads it.
	trust func(context.Context, *directory) (trust, error)
	// decide finds out what the operation does and needs. It changes no file. It may run twice:
	// before the directory is locked, and then on what it holds at that time.
	decide func(context.Context, *directory) (needs, error)
	// confirm asks a person whether to go ahead; nil asks nobody.
	confirm func(context.Context) error
	// change makes what decide found.
	change func(context.Context, *directory) error
}

// needs is what an operation needs from a person.
type needs struct {
	// issuerKey is the key of the CA that issues.
	issuerKey bool
	// newKey is the file of a key that is going to be written, and may be encrypted.
	newKey string
}

// run carries out an operation, in one transaction. A person is asked before the directory is
// locked, so that nobody waits for the person. Whatever has to be recorded about every change, such
// as a ledger entry, belongs here, after o.change.
func (f *Fabric) run(ctx context.Context, o operation, p *passphrases) error {
	p.existing.ask = f.passphrase
	defer p.wipe()
	if o.dryRun {
		p.fresh.ask = nil
	}
	if err := f.ask(ctx, o, p); err != nil {
		return err
	}
	return f.transact(ctx, o.dryRun, func(files changer) error {
		d := f.directory(files, p)
		need, err := o.begin(ctx, d)
		if err != nil {
			return err
		}
		if need.issuerKey {
			if _, err := d.keys.issuer(ctx); err != nil {
				return err
			}
		}
		return o.change(ctx, d)
	})
}

// begin loads the trust and decides.
func (o operation) begin(ctx context.Context, d *directory) (needs, error) {
	load := o.trust
	if load == nil {
		load = func(_ context.Context, d *directory) (trust, error) { return d.readTrust() }
	}
	var err error
	if d.trust, err = load(ctx, d); err != nil {
		return needs{}, err
	}
	return o.decide(ctx, d)
}

// ask asks for the confirmation and the passphrase that an operation needs. Without anybody to
// ask it decides nothing: the operation does that under the lock.
func (f *Fabric) ask(ctx context.Context, o operation, p *passphrases) error {
	if o.confirm == nil && p.existing.ask == nil && p.fresh.ask == nil {
		return nil
	}
	var newKey, locked string
	err := f.store.View(ctx, func(s *store.Snapshot) error {
		d := f.directory(dryRun{s}, p)
		if o.confirm == nil && p.fresh.ask == nil && !d.mayBeLocked() {
			return nil
		}
		need, err := o.begin(ctx, d)
		if err != nil {
			return err
		}
		if newKey = need.newKey; need.issuerKey {
			locked, err = d.keys.locked()
		}
		return err
	})
	if err == nil && o.confirm != nil {
		err = o.confirm(ctx)
	}
	if err == nil && locked != "" {
		_, err = p.existing.get(ctx, locked)
	}
	if err == nil && newKey != "" && p.fresh.ask != nil {
		err = p.fresh.getNew(ctx, newKey)
	}
	return err
}

// directory is the directory of the fabric in a transaction.
func (f *Fabric) directory(files changer, p *passphrases) *directory {
	d := &directory{files: &watchedChanger{changer: files}, path: f.path, now: f.now().UTC(), fresh: &p.fresh}
	d.keys = &keyFiles{directory: d, passphrase: &p.existing}
	return d
}

// transact gives a function the directory to change, or a dry run of it.
func (f *Fabric) transact(ctx context.Context, dry bool, change func(changer) error) error {
	if dry {
		return f.store.View(ctx, func(s *store.Snapshot) error { return change(dryRun{s}) })
	}
	return f.store.Update(ctx, func(tx *store.Tx) error { return change(tx) })
}

// view reads the directory.
func (f *Fabric) view(ctx context.Context, read func(*directory) error) error {
	return f.store.View(ctx, func(s *store.Snapshot) error {
		return read(f.directory(dryRun{s}, &passphrases{}))
	})
}

// viewMesh reads the mesh of a directory that has a root.
func (f *Fabric) viewMesh(ctx context.Context, read func(*directory, *mesh.Mesh) error) error {
	return f.view(ctx, func(d *directory) (err error) {
		if d.trust, err = d.readTrust(); err != nil {
			return err
		}
		m, err := d.mesh(ctx)
		if err != nil {
			return err
		}
		return read(d, m)
	})
}
