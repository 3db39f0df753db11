package fabric

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"path"
	"slices"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets"
)

// set is a folder with the files that istiod reads: the one that a cluster has, or one that it
// had.
type set struct {
	cluster, folder string
	chain           []*x509.Certificate
	damaged         bool // nothing says any more whose set it is
}

// current reports whether the cluster has it still.
func (s set) current() bool { return s.folder == clusterFolder(s.cluster) }

// readSets reads the chains of the sets that all clusters have and had, those of clusters
// that have left included.
func readSets(r reader) ([]set, error) {
	here, err := r.List(clustersFolder)
	if err != nil {
		return nil, err
	}
	gone, err := r.List(path.Join(store.SupersededFolder, clustersFolder))
	if err != nil {
		return nil, err
	}
	var sets []set
	for _, cluster := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(here, gone)))) {
		folders, err := generations(r, cluster)
		if err != nil {
			return nil, err
		}
		for _, folder := range folders {
			s := set{cluster: cluster, folder: folder}
			if s.chain, err = identify(r, folder); err != nil {
				s.damaged = true
			}
			sets = append(sets, s)
		}
	}
	return sets, nil
}

// identify reads the chain of a set, or where that cannot be read the certificate of its CA.
// A folder without both is no set.
func identify(r reader, folder string) ([]*x509.Certificate, error) {
	var damaged error
	for _, name := range []string{secrets.CertChainFile, secrets.CACertFile} {
		data, err := r.Read(path.Join(folder, name), store.Public)
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
