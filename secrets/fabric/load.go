package fabric

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// readTrust reads the trust of a directory that has a root. The error for one that has none is
// [ErrNoRoot].
func (d *directory) readTrust() (trust, error) {
	root, err := d.readRoot()
	if err != nil {
		return trust{}, err
	}
	issuing, err := d.readIssuing(root)
	if err != nil {
		return trust{}, err
	}
	settings, err := d.readSettings()
	return trust{issuing, settings}, err
}

// readRoot reads the certificate of the root. A directory without anything is [ErrNoRoot]; one
// that has lost its root is another error, because a new root would part its clusters from each
// other.
func (d *directory) readRoot() (*x509.Certificate, error) {
	data, err := d.files.Read(rootCertFile, store.Public)
	if errors.Is(err, fs.ErrNotExist) {
		for _, left := range []string{rootKeyFile, issuingCertFile, issuingKeyFile, configFile, clustersFolder} {
			if found, err := d.files.Exists(left); err != nil || found {
				return nil, errors.Join(err, fmt.Errorf("%s is missing, though there is %s", d.path(rootCertFile), left))
			}
		}
		return nil, fmt.Errorf("%s: %w", d.path(""), ErrNoRoot)
	}
	if err != nil {
		return nil, err
	}
	certs, err := ca.ParseCertificates(data)
	if err == nil && len(certs) != 1 {
		err = fmt.Errorf("%d certificates, expected one root", len(certs))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.path(rootCertFile), err)
	}
	return certs[0], nil
}

// requireNoRoot refuses a directory that has a root, or had one.
func (d *directory) requireNoRoot() error {
	_, err := d.readRoot()
	switch {
	case err == nil:
		return fmt.Errorf("%s: %w", d.path(rootCertFile), ErrRootExists)
	case errors.Is(err, ErrNoRoot):
		return nil
	}
	return err
}

// readIssuing reads the chain from the CA that issues to the root.
func (d *directory) readIssuing(root *x509.Certificate) ([]*x509.Certificate, error) {
	data, err := d.files.Read(issuingCertFile, store.Public)
	if errors.Is(err, fs.ErrNotExist) {
		return []*x509.Certificate{root}, nil
	}
	if err != nil {
		return nil, err
	}
	chain, err := ca.ParseCertificates(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.path(issuingCertFile), err)
	}
	return append(chain, root), nil
}

// mesh loads the mesh of the trust, once.
func (d *directory) mesh(ctx context.Context) (*mesh.Mesh, error) {
	if d.loaded != nil {
		return d.loaded, nil
	}
	c := mesh.Contents{Settings: d.settings, Issuing: d.issuing}
	var err error
	if c.Clusters, err = d.files.List(clustersFolder); err != nil {
		return nil, err
	}
	if c.Bundles, err = d.readBundles(c.Clusters); err != nil {
		return nil, err
	}
	if c.Recorded, err = d.readRecords(ctx); err != nil {
		return nil, err
	}
	d.loaded = mesh.New(c, d.now)
	return d.loaded, nil
}

func (d *directory) readSettings() (mesh.Settings, error) {
	data, err := d.files.Read(configFile, store.Public)
	if err != nil {
		return mesh.Settings{}, err
	}
	return parseConfig(data, d.path(configFile))
}

// readBundles reads the chains of the CA bundles that all clusters have and had, those of clusters
// that have left included.
func (d *directory) readBundles(local []string) ([]mesh.Bundle, error) {
	left, err := d.files.List(path.Join(store.SupersededFolder, clustersFolder))
	if err != nil {
		return nil, err
	}
	var bundles []mesh.Bundle
	for _, cluster := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(local, left)))) {
		folders, err := d.bundleFolders(cluster)
		if err != nil {
			return nil, err
		}
		for _, folder := range folders {
			b := mesh.Bundle{Cluster: cluster, Path: folder, Current: folder == clusterFolder(cluster)}
			if b.Chain, err = d.identify(folder); err != nil {
				b.Damaged = true
			}
			bundles = append(bundles, b)
		}
	}
	return bundles, nil
}

// bundleFolders are the folders of the CA bundles that a cluster has and had.
func (d *directory) bundleFolders(cluster string) ([]string, error) {
	superseded := path.Join(store.SupersededFolder, clusterFolder(cluster))
	stamps, err := d.files.List(superseded)
	if err != nil {
		return nil, err
	}
	folders := []string{clusterFolder(cluster)}
	for _, stamp := range stamps {
		folders = append(folders, path.Join(superseded, stamp))
	}
	return folders, nil
}

// identify reads the chain of a CA bundle, or the certificate of its CA if the chain cannot be
// read. A folder without both is no bundle.
func (d *directory) identify(folder string) ([]*x509.Certificate, error) {
	var damaged error
	for _, name := range []string{secrets.CertChainFile, secrets.CACertFile} {
		data, err := d.files.Read(path.Join(folder, name), store.Public)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var chain []*x509.Certificate
		if err == nil {
			chain, err = ca.ParseCertificates(data)
		}
		if err == nil {
			return chain, nil
		}
		damaged = errors.Join(damaged, err)
	}
	return nil, damaged
}

// readBundle reads the CA bundle of a cluster. A cluster without a folder is an
// [*UnknownClusterError], anything else that is wrong a [*DamagedError].
func (d *directory) readBundle(cluster string, names []string) (*secrets.CACerts, error) {
	folder := clusterFolder(cluster)
	if found, err := d.files.Exists(folder); err != nil {
		return nil, err
	} else if !found {
		return nil, &UnknownClusterError{Cluster: cluster}
	}
	damaged := func(err error) error { return &DamagedError{Path: d.path(folder), Cluster: cluster, Err: err} }
	files := make(map[string][]byte)
	for _, name := range names {
		data, err := d.files.Read(path.Join(folder, name), fileMode(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // Parse says which one is missing
		}
		if err != nil {
			return nil, damaged(err)
		}
		files[name] = data
	}
	bundle, err := secrets.Parse(files)
	if err != nil {
		return nil, damaged(err)
	}
	chain := bundle.Chain()
	if last := chain[len(chain)-1]; !last.Equal(d.root()) {
		return nil, damaged(&ca.Violation{Rule: ca.RuleTrustedRoot, Cert: last, Detail: "is not the root of this fabric, " + ca.Describe(d.root())})
	}
	return bundle, nil
}

// readRecords reads the CAs that have a record.
func (d *directory) readRecords(ctx context.Context) ([]*mesh.CA, error) {
	names, err := d.files.List(recordsFolder)
	if err != nil {
		return nil, err
	}
	cas := make([]*mesh.CA, 0, len(names))
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		file := path.Join(recordsFolder, name)
		data, err := d.files.Read(file, store.Public)
		if err != nil {
			return nil, err
		}
		a, err := parseRecord(data, d.now)
		if err == nil && recordFile(a.ID()) != file {
			err = fmt.Errorf("holds %s, whose key has another name", ca.Describe(a.Certificate()))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", d.path(file), err)
		}
		cas = append(cas, a)
	}
	return cas, nil
}
