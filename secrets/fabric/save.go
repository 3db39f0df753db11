package fabric

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// put writes a public file, in place of one with other content.
func (d *directory) put(name string, data []byte) error {
	old, err := d.files.Read(name, store.Public)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return d.files.Write(name, data, store.Public)
	case err != nil:
		return err
	case bytes.Equal(old, data):
		return nil
	}
	return d.files.Replace(name, data, store.Public, func([]byte) error { return nil })
}

// writeTrust writes the certificates and settings of a directory that had none.
func (d *directory) writeTrust() error {
	var err error
	if above := len(d.issuing) - 1; above > 0 {
		err = d.files.Write(issuingCertFile, ca.MarshalCertificates(d.issuing[:above]...), store.Public)
	}
	return errors.Join(err,
		d.files.Write(rootCertFile, ca.MarshalCertificates(d.root()), store.Public),
		d.writeSettings(d.settings),
	)
}

func (d *directory) writeSettings(s mesh.Settings) error {
	data, err := marshalConfig(s)
	if err != nil {
		return err
	}
	return d.put(configFile, data)
}

// writeBundle writes a CA bundle without its CRLs, which are the same for all clusters: see
// publish.
func (d *directory) writeBundle(cluster string, bundle *secrets.CACerts) error {
	files := bundle.Files()
	for _, name := range secrets.FileNames() {
		if err := d.files.Write(path.Join(clusterFolder(cluster), name), files[name], fileMode(name)); err != nil {
			return err
		}
	}
	return nil
}

// writeRecord writes the record of a CA.
func (d *directory) writeRecord(a *mesh.CA) error {
	data, err := marshalRecord(a)
	if err != nil {
		return err
	}
	return d.put(recordFile(a.ID()), data)
}

// writeRecords writes the records of the CAs that have changed.
func (d *directory) writeRecords(m *mesh.Mesh) error {
	for _, a := range m.Changed() {
		if err := d.writeRecord(a); err != nil {
			return err
		}
	}
	m.MarkRecorded()
	return nil
}

// publish has CRLs published from now on, and writes the CRL bundle into the folders of all
// clusters. Some of these folders were written by this operation.
func (d *directory) publish(m *mesh.Mesh, written []string, incomplete bool) error {
	if m.Publish() {
		if err := d.writeSettings(m.Settings); err != nil {
			return err
		}
	}
	return d.writeCRLs(m, written, incomplete)
}

func (d *directory) writeCRLs(m *mesh.Mesh, written []string, incomplete bool) error {
	data, err := m.CRLBundle().Marshal(incomplete)
	if err != nil {
		return err
	}
	for _, cluster := range written {
		if err := d.files.Write(crlFile(cluster), data, store.Public); err != nil {
			return err
		}
	}
	for _, cluster := range m.ClustersExcept(written) {
		if err := d.put(crlFile(cluster), data); err != nil {
			return err
		}
	}
	return nil
}

// staleClusters are the local clusters whose CRL bundles miss CRLs.
func (d *directory) staleClusters(m *mesh.Mesh) []string {
	isComplete := m.CRLBundle().Matcher()
	var stale []string
	for _, cluster := range m.Clusters() {
		if data, err := d.files.Read(crlFile(cluster), store.Public); err != nil || !isComplete(data) {
			stale = append(stale, cluster)
		}
	}
	return stale
}

// signCRL signs the next CRL of a CA.
func (d *directory) signCRL(ctx context.Context, a *mesh.CA, o ca.CRLOptions) error {
	signer, err := d.keys.signer(ctx, a)
	if err == nil {
		err = signNext(a, signer, o, d.now)
	}
	if err != nil {
		return fmt.Errorf("the CRL of %s: %w", ca.Describe(a.Certificate()), err)
	}
	return nil
}

func signNext(a *mesh.CA, signer *ca.Authority, o ca.CRLOptions, now time.Time) error {
	list, err := signer.CRL(a.NextCRL(o, now))
	if err != nil {
		return err
	}
	a.SetCRL(list)
	return nil
}

// signFirst gives a CA an empty CRL that lives as long as the CA, because its key may not be there
// to sign the next one. An old CA that must not sign CRLs stays without.
func signFirst(a *mesh.CA, signer *ca.Authority, now time.Time) error {
	var refused *ca.RuleError
	if err := signNext(a, signer, ca.CRLOptions{}, now); err != nil && !errors.As(err, &refused) {
		return err
	}
	return nil
}
