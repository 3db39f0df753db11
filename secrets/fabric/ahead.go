package fabric

import (
	"context"
	"errors"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
)

// askAhead asks for the passphrase that Ensure is going to need, if it will, so that
// nobody else waits for the directory while a person types. Whatever is wrong is left
// for Ensure to find.
func (f *Fabric) askAhead(ctx context.Context, clusters []string, o EnsureOptions, old, fresh *asked) error {
	if o.Upstream != nil || old.ask == nil && fresh.ask == nil {
		return nil
	}
	var opens, makes string // the file of the key that is opened, or made
	err := f.store.View(ctx, func(s *store.Snapshot) error {
		opens, makes = f.foreseeKey(ctx, s, clusters, o)
		return nil
	})
	switch {
	case err != nil:
		return err
	case makes != "" && fresh.ask != nil:
		return fresh.askForNew(ctx, makes)
	case opens != "" && old.ask != nil:
		_, err = old.password(ctx, opens)
	}
	return err
}

// foreseeKey finds the file of the key whose passphrase Ensure needs.
func (f *Fabric) foreseeKey(ctx context.Context, s *store.Snapshot, clusters []string, o EnsureOptions) (opens, makes string) {
	root, err := f.readRoot(s)
	if errors.Is(err, ErrNoRoot) {
		return "", f.RootKeyPath()
	}
	if err != nil {
		return "", ""
	}
	chain, err := f.readIssuing(s, root)
	if err != nil {
		return "", ""
	}
	path, data, err := f.readKeyFile(s, chain)
	if err != nil {
		return "", ""
	}
	defer clear(data)
	if _, err := ca.ParseKey(data); !errors.Is(err, ca.ErrEncryptedKey) {
		return "", ""
	}
	e := &ensurance{Fabric: f, EnsureOptions: o, changer: rehearsal{s}, root: root, chain: chain}
	e.look(ctx)
	for _, cluster := range clusters {
		decided, err := e.decide(cluster)
		if err != nil {
			return "", ""
		}
		if decided.Action != Kept {
			opens = path
		}
	}
	return opens, ""
}
