package fabric

import (
	"context"
	"crypto/x509"
	"fmt"
	"path"
	"slices"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets"
)

// mesh is what a directory knows of the CAs of a mesh, and what one change makes of it.
type mesh struct {
	*Fabric
	c        changer
	root     *x509.Certificate
	issuing  []*x509.Certificate // the chain from the CA that issues
	config   config
	all      []*authority
	clusters []string          // whose sets are here
	sets     map[string]string // the folder of the set that a CA of a cluster is in, by its id

	old      *asked          // opens the key of the CA that issues
	signs    *ca.Authority   // the CA that issues, once it was needed
	changed  map[string]bool // the ids of the CAs whose records are to be written
	recorded map[string]bool // and of those whose records were written
}

func (f *Fabric) newMesh(ctx context.Context, c changer, old *asked) (*mesh, error) {
	m := &mesh{Fabric: f, c: c, old: old, changed: make(map[string]bool), recorded: make(map[string]bool)}
	var err error
	if m.root, err = f.readRoot(c); err != nil {
		return nil, err
	}
	if m.config, err = f.readConfig(c); err != nil {
		return nil, err
	}
	if m.issuing, err = f.readIssuing(c, m.root); err != nil {
		return nil, err
	}
	if m.all, err = f.authorities(ctx, c, m.root); err != nil {
		return nil, err
	}
	if m.clusters, err = c.List(clustersFolder); err != nil {
		return nil, err
	}
	m.sets, err = setsOf(c, m.clusters)
	return m, err
}

// setsOf finds the folders of the sets that clusters have and had, those of clusters that
// have left included.
func setsOf(r reader, clusters []string) (map[string]string, error) {
	gone, err := r.List(path.Join(store.SupersededFolder, clustersFolder))
	if err != nil {
		return nil, err
	}
	sets := make(map[string]string)
	for _, cluster := range slices.Concat(clusters, gone) {
		folders, err := generations(r, cluster)
		if err != nil {
			return nil, err
		}
		for _, folder := range folders {
			chain := chainIn(r, folder)
			if chain == nil {
				continue
			}
			if id := (&authority{cert: chain[0]}).id(); sets[id] == "" {
				sets[id] = folder
			}
		}
	}
	return sets, nil
}

// view looks at the CAs of the mesh.
func (f *Fabric) view(ctx context.Context, look func(*mesh) error) error {
	return f.store.View(ctx, func(s *store.Snapshot) error {
		m, err := f.newMesh(ctx, rehearsal{s}, &asked{})
		if err != nil {
			return err
		}
		return look(m)
	})
}

// meshChange is a change of what is known of the CAs.
type meshChange struct {
	dryRun bool
	// issues reports whether it takes the key of the CA that issues, or why the change is
	// refused.
	issues func(*mesh) (bool, error)
	make   func(context.Context, *mesh) error
}

// changeMesh makes a change. The passphrase that it takes is asked for before, while nobody
// waits for the directory.
func (f *Fabric) changeMesh(ctx context.Context, change meshChange) error {
	old := &asked{ask: f.password}
	defer old.wipe()
	var locked string // the file of the key, if it is encrypted
	err := f.view(ctx, func(m *mesh) error {
		issues, err := change.issues(m)
		if err != nil || !issues {
			return err
		}
		locked, err = f.lockedKey(m.c, m.issuing)
		return err
	})
	if err == nil && locked != "" {
		_, err = old.password(ctx, locked)
	}
	if err != nil {
		return err
	}
	return f.change(ctx, change.dryRun, func(c changer) error {
		m, err := f.newMesh(ctx, c, old)
		if err != nil {
			return err
		}
		if _, err := change.issues(m); err != nil {
			return err
		}
		return change.make(ctx, m)
	})
}

// isIssuing reports whether a CA is the one that issues.
func (m *mesh) isIssuing(a *authority) bool {
	return ca.SamePublicKey(a.cert.PublicKey, m.issuing[0].PublicKey)
}

// hasKey reports whether the key of a CA is here.
func (m *mesh) hasKey(a *authority) (bool, error) {
	if m.isIssuing(a) {
		name, _ := keyFileOf(m.issuing)
		return m.c.Exists(name)
	}
	folder := m.sets[a.id()]
	if folder == "" {
		return false, nil
	}
	return m.c.Exists(path.Join(folder, secrets.CAKeyFile))
}

// signer joins a CA with its key.
func (m *mesh) signer(ctx context.Context, a *authority) (*ca.Authority, error) {
	if !m.isIssuing(a) {
		return m.clusterSigner(a)
	}
	if m.signs == nil {
		var err error
		if m.signs, err = m.loadAuthority(ctx, m.c, m.root, m.old); err != nil {
			return nil, err
		}
	}
	return m.signs, nil
}

func (m *mesh) clusterSigner(a *authority) (*ca.Authority, error) {
	folder := m.sets[a.id()]
	file := path.Join(folder, secrets.CAKeyFile)
	data, err := m.c.Read(file, store.Private)
	if err != nil {
		return nil, err
	}
	defer clear(data)
	key, err := ca.ParseKey(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.path(file), err)
	}
	signer, _, err := ca.LoadImported(key, chainIn(m.c, folder), m.now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.path(folder), err)
	}
	return signer, nil
}

// nextCRL gives a CA its next CRL, with more that is revoked.
func (m *mesh) nextCRL(ctx context.Context, a *authority, o nextCRL) error {
	signer, err := m.signer(ctx, a)
	if err != nil {
		return err
	}
	if err := m.signCRL(a, signer, o.revoked, o.nextUpdate); err != nil {
		return err
	}
	m.touch(a)
	return nil
}

// touch has the record of a CA written.
func (m *mesh) touch(a *authority) { m.changed[a.id()] = true }

// add takes CAs, in the place of what was known of them. Their records are to be written,
// unless they are.
func (m *mesh) add(fresh []*authority, recorded bool) {
	m.all = merge(m.all, fresh)
	sortAuthorities(m.all, m.root)
	for _, a := range fresh {
		if recorded {
			m.recorded[a.id()] = true
		} else {
			m.touch(a)
		}
	}
}

// record writes the records of the CAs that have changed, and of those that have none.
func (m *mesh) record() error {
	for _, a := range m.all {
		if m.recorded[a.id()] {
			continue
		}
		found, err := m.c.Exists(a.file())
		if err != nil {
			return err
		}
		if found && !m.changed[a.id()] {
			continue
		}
		if err := putAuthority(m.c, a); err != nil {
			return err
		}
		m.recorded[a.id()] = true
	}
	return nil
}

// publishes has CRLs published from now on.
func (m *mesh) publishes() error {
	if m.config.PublishCRLs {
		return nil
	}
	m.config.PublishCRLs = true
	return writeConfig(m.c, m.config)
}

// publishSet writes the set, if CRLs are published. Some clusters were written by this
// change, and some have left.
func (m *mesh) publishSet(p publication, gone ...string) error {
	if !m.config.PublishCRLs {
		return nil
	}
	p.there = without(without(m.clusters, p.written), gone)
	return m.publishTo(m.c, m.all, p)
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}
