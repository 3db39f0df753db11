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

// trust is what makes a directory one of a mesh.
type trust struct {
	root   *x509.Certificate
	config config
}

func (f *Fabric) readTrust(r reader) (trust, error) {
	root, err := f.readRoot(r)
	if err != nil {
		return trust{}, err
	}
	c, err := f.readConfig(r)
	return trust{root, c}, err
}

// mesh is what a directory knows of the CAs of a mesh, and what one change makes of it.
type mesh struct {
	*Fabric
	trust
	c        *watchedChanger
	issuing  []*x509.Certificate // the chain from the CA that issues
	all      []*authority
	known    index    // of all
	began    bool     // CRLs are published since this change
	clusters []string // whose sets are here
	sets     []set
	folders  map[string]string // of the sets, by the ids of their CAs
	above    map[string]bool   // the ids of the CAs above the clusters that are here

	old      *asked          // opens the key of the CA that issues
	signs    *ca.Authority   // the CA that issues, once it was needed
	changed  map[string]bool // the ids of the CAs whose records are to be written
	recorded map[string]bool // and of those whose records were written
}

func (f *Fabric) newMesh(ctx context.Context, c changer, old *asked) (*mesh, error) {
	t, err := f.readTrust(c)
	if err != nil {
		return nil, err
	}
	return f.meshOf(ctx, c, old, t)
}

// meshOf is the mesh of a directory that is going to be one of it, or is already.
func (f *Fabric) meshOf(ctx context.Context, c changer, old *asked, t trust) (*mesh, error) {
	m := &mesh{Fabric: f, trust: t, c: &watchedChanger{changer: c}, old: old, changed: make(map[string]bool), recorded: make(map[string]bool)}
	var err error
	if m.issuing, err = f.readIssuing(c, m.root); err != nil {
		return nil, err
	}
	if m.clusters, err = c.List(clustersFolder); err != nil {
		return nil, err
	}
	if m.sets, err = readSets(c); err != nil {
		return nil, err
	}
	if m.all, err = f.authoritiesIn(ctx, c, m.issuing, m.sets); err != nil {
		return nil, err
	}
	m.known = newIndex(m.all)
	m.arrange()
	return m, nil
}

// arrange finds out which CA has which place.
func (m *mesh) arrange() {
	m.folders, m.above = make(map[string]string, len(m.sets)), make(map[string]bool)
	above := slices.Clone(m.issuing)
	for _, s := range m.sets {
		if len(s.chain) == 0 {
			continue
		}
		if id := keyID(s.chain[0]); m.folders[id] == "" {
			m.folders[id] = s.folder
		}
		if s.current() {
			above = append(above, s.chain[1:]...)
		}
	}
	for _, cert := range above {
		m.above[keyID(cert)] = true
	}
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
	// trust is what the directory is going to be; nil reads what it is.
	trust func(reader) (trust, error)
	// issues reports whether it takes the key of the CA that issues, or why the change is
	// refused.
	issues func(*mesh) (bool, error)
	// confirm asks a person; nil asks nobody.
	confirm func(context.Context) error
	make    func(context.Context, *mesh) error
}

// changeMesh makes a change. Whoever has to confirm it, and the passphrase that it takes, are
// asked before, while nobody waits for the directory.
func (f *Fabric) changeMesh(ctx context.Context, change meshChange) error {
	old := &asked{ask: f.password}
	defer old.wipe()
	if change.trust == nil {
		change.trust = f.readTrust
	}
	if err := f.ask(ctx, change, old); err != nil {
		return err
	}
	return f.change(ctx, change.dryRun, func(c changer) error {
		m, _, err := f.begin(ctx, c, change, old)
		if err != nil {
			return err
		}
		return change.make(ctx, m)
	})
}

// begin finds out what a change does.
func (f *Fabric) begin(ctx context.Context, c changer, change meshChange, old *asked) (m *mesh, issues bool, err error) {
	t, err := change.trust(c)
	if err != nil {
		return nil, false, err
	}
	if m, err = f.meshOf(ctx, c, old, t); err != nil {
		return nil, false, err
	}
	issues, err = change.issues(m)
	return m, issues, err
}

// ask asks for what a change takes.
func (f *Fabric) ask(ctx context.Context, change meshChange, old *asked) error {
	var locked string // the file of the key, if it is encrypted
	err := f.store.View(ctx, func(s *store.Snapshot) error {
		m, issues, err := f.begin(ctx, rehearsal{s}, change, old)
		if err == nil && issues {
			locked, err = f.lockedKey(s, m.issuing)
		}
		return err
	})
	if err == nil && change.confirm != nil {
		err = change.confirm(ctx)
	}
	if err == nil && locked != "" {
		_, err = old.password(ctx, locked)
	}
	return err
}

// isIssuing reports whether a CA is the one that issues.
func (m *mesh) isIssuing(a *authority) bool {
	return ca.SamePublicKey(a.cert.PublicKey, m.issuing[0].PublicKey)
}

// hasKey reports whether the key of a CA is here. A superseded one that cannot be used any more
// is not.
func (m *mesh) hasKey(a *authority) (bool, error) {
	if m.isIssuing(a) {
		name, _ := keyFileOf(m.issuing)
		return m.c.Exists(name)
	}
	switch folder := m.folders[a.id()]; folder {
	case "":
		return false, nil
	case clusterFolder(a.cluster):
		return m.c.Exists(path.Join(folder, secrets.CAKeyFile)) // what is wrong with it has to be told
	}
	_, err := m.clusterSigner(a)
	return err == nil, nil
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
	folder := m.folders[a.id()]
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
	if err := m.signCRL(a, signer, o); err != nil {
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
	for _, a := range fresh {
		if old := m.known.byKey[a.id()]; old == nil {
			m.all = append(m.all, a)
			m.known.add(a)
		} else {
			*old = *a
		}
		if recorded {
			m.recorded[a.id()] = true
		} else {
			m.touch(a)
		}
	}
	sortAuthorities(m.all, m.root)
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
	m.config.PublishCRLs, m.began = true, true
	return writeConfig(m.c, m.config)
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) })
}

// issuer is the CA that issues.
func (m *mesh) issuer() *authority {
	for _, a := range m.all {
		if m.isIssuing(a) {
			return a
		}
	}
	return authorityOf("", m.issuing[0]) // not reached: authorities finds it where it lies
}

// save has CRLs published from now on, and writes records and sets.
func (m *mesh) save(written []string, allowIncomplete bool) error {
	if err := m.publishes(); err != nil {
		return err
	}
	if err := m.record(); err != nil {
		return err
	}
	return m.publishSet(written, allowIncomplete)
}

// elsewhere are the clusters with an intermediate that is good, and no set here.
func (m *mesh) elsewhere() []string {
	var clusters []string
	for _, a := range m.all {
		if m.isLive(a) && !slices.Contains(slices.Concat(m.clusters, clusters), a.cluster) {
			clusters = append(clusters, a.cluster)
		}
	}
	return clusters
}

// isLive reports whether a CA is an intermediate that its cluster can use.
func (m *mesh) isLive(a *authority) bool {
	return a.cluster != "" && a.retired.IsZero() && !a.ended(m.now()) && !isRevoked(a, m.all)
}
