package fabric

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets"
)

const (
	clustersFolder = "clusters"
	maxClusterName = 63
)

// CheckCluster takes the names that a cluster can have: DNS-1123 labels, which
// are safe as parts of a path and of a Kubernetes name. The error is a
// [*ClusterNameError].
func CheckCluster(name string) error {
	outside := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }
	var reason string
	switch {
	case name == "":
		reason = "is empty"
	case strings.ContainsFunc(name, outside):
		reason = "has characters other than a-z, 0-9 and -"
	case len(name) > maxClusterName:
		reason = "is longer than 63 characters"
	case strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-"):
		reason = "begins or ends with a dash"
	default:
		return nil
	}
	return &ClusterNameError{Name: name, Reason: reason}
}

func checkClusters(names []string) error {
	if len(names) == 0 {
		return errors.New("no cluster is named")
	}
	for i, name := range names {
		if err := CheckCluster(name); err != nil {
			return err
		}
		if slices.Contains(names[:i], name) {
			return &ClusterNameError{Name: name, Reason: "is given twice"}
		}
	}
	return nil
}

func clusterFolder(cluster string) string { return path.Join(clustersFolder, cluster) }

// fileMode keeps a key from others.
func fileMode(name string) store.Mode {
	if name == secrets.CAKeyFile {
		return store.Private
	}
	return store.Public
}

// readCluster reads the set of a cluster without its CRLs. A cluster without a folder is an
// [*UnknownClusterError], anything else that is wrong a [*DamagedError].
func (f *Fabric) readCluster(r reader, cluster string) (*secrets.CACerts, error) {
	return f.readSet(r, cluster, secrets.FileNames())
}

// readSet reads these files of a set.
func (f *Fabric) readSet(r reader, cluster string, names []string) (*secrets.CACerts, error) {
	folder := clusterFolder(cluster)
	if found, err := r.Exists(folder); err != nil {
		return nil, err
	} else if !found {
		return nil, &UnknownClusterError{Dir: f.Dir(), Cluster: cluster}
	}
	files := make(map[string][]byte)
	for _, name := range names {
		data, err := r.Read(path.Join(folder, name), fileMode(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // Parse says which one is missing.
		}
		if err != nil {
			return nil, &DamagedError{Dir: f.Dir(), Cluster: cluster, Err: err}
		}
		files[name] = data
	}
	bundle, err := secrets.Parse(files)
	if err != nil {
		return nil, &DamagedError{Dir: f.Dir(), Cluster: cluster, Err: err}
	}
	return bundle, nil
}

// writeCluster writes a set without its CRLs: these are the same for all clusters, see
// publishSet.
func writeCluster(c changer, cluster string, bundle *secrets.CACerts) error {
	files := bundle.Files()
	for _, name := range secrets.FileNames() {
		if err := c.Write(path.Join(clusterFolder(cluster), name), files[name], fileMode(name)); err != nil {
			return err
		}
	}
	return nil
}

// generations are the folders of the sets that a cluster has and had.
func generations(r reader, cluster string) ([]string, error) {
	superseded := path.Join(store.SupersededFolder, clusterFolder(cluster))
	stamps, err := r.List(superseded)
	if err != nil {
		return nil, err
	}
	folders := []string{clusterFolder(cluster)}
	for _, stamp := range stamps {
		folders = append(folders, path.Join(superseded, stamp))
	}
	return folders, nil
}

// chainIn reads the chain of a set. What cannot be read any more is left out.
func chainIn(r reader, folder string) []*x509.Certificate {
	data, err := r.Read(path.Join(folder, secrets.CertChainFile), store.Public)
	if err != nil {
		return nil
	}
	certs, err := ca.ParseCertificates(data)
	if err != nil {
		return nil
	}
	return certs
}

// subjects collects the distinguished names that the CAs of a cluster have had.
func subjects(r reader, cluster string) (map[string]bool, error) {
	folders, err := generations(r, cluster)
	if err != nil {
		return nil, err
	}
	taken := make(map[string]bool)
	for _, folder := range folders {
		if chain := chainIn(r, folder); chain != nil {
			taken[string(chain[0].RawSubject)] = true
		}
	}
	return taken, nil
}

// Bundle reads the set of a cluster. A cluster that the directory does not have is an
// [*UnknownClusterError], or says where its key is: [*PendingRequestError] and
// [*ElsewhereError], or that it has left: [*RetiredError]. A set that cannot be used is a
// [*DamagedError]. Where CRLs are published a set without them is none: the error is
// [secrets.ErrNoCRLs].
func (f *Fabric) Bundle(ctx context.Context, cluster string) (*secrets.CACerts, error) {
	if err := CheckCluster(cluster); err != nil {
		return nil, err
	}
	var bundle *secrets.CACerts
	err := f.store.View(ctx, func(s *store.Snapshot) error {
		root, err := f.readRoot(s)
		if errors.Is(err, ErrNoRoot) {
			return cmp.Or(f.wantNotPending(s, cluster), err)
		}
		if err != nil {
			return err
		}
		bundle, err = f.readSet(s, cluster, append(secrets.FileNames(), secrets.CACRLFile))
		if unknown := new(UnknownClusterError); errors.As(err, &unknown) {
			return f.whereIs(ctx, s, root, unknown)
		}
		if err != nil {
			return err
		}
		return errors.Join(f.checkRoot(bundle, root, cluster), f.checkPublished(s, bundle, cluster))
	})
	if err != nil {
		return nil, err
	}
	return bundle, nil
}

// checkPublished refuses a set that has lost its CRLs: whoever takes it checks none any more.
func (f *Fabric) checkPublished(r reader, bundle *secrets.CACerts, cluster string) error {
	config, err := f.readConfig(r)
	if err != nil || !config.PublishCRLs || len(bundle.CRLs()) > 0 {
		return err
	}
	return fmt.Errorf("%s: %w, though CRLs are published", f.path(crlFile(cluster)), secrets.ErrNoCRLs)
}
