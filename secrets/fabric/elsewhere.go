package fabric

import (
	"context"
	"crypto/x509"
	"fmt"
	"path/filepath"
	"sync"
)

// A cluster whose key is elsewhere has an intermediate that was signed here, and no set.

// ElsewhereError says that a cluster has an intermediate whose key is not here: another one
// would be a second CA for the cluster.
type ElsewhereError struct {
	Dir, Cluster string
	Certificate  Certificate
}

func (e *ElsewhereError) Error() string {
	return fmt.Sprintf("%s: cluster %s has %s, whose key is elsewhere", e.Dir, e.Cluster, e.Certificate.Subject)
}

// PendingRequestError says that a cluster waits for the answer to a request.
type PendingRequestError struct {
	Dir, Cluster string
}

func (e *PendingRequestError) Error() string {
	return fmt.Sprintf("%s: the request of cluster %s waits for its answer", filepath.Join(e.Dir, requestsFolder), e.Cluster)
}

// newestOf is the newest intermediate of each cluster, those left out that are revoked or
// have left the mesh.
func newestOf(all []*authority) map[string]*authority {
	newest := make(map[string]*authority)
	for _, a := range all {
		has := newest[a.cluster]
		if a.cluster == "" || !a.retired.IsZero() || isRevoked(a, all) {
			continue
		}
		if has == nil || a.cert.NotBefore.After(has.cert.NotBefore) {
			newest[a.cluster] = a
		}
	}
	return newest
}

// wantHere refuses to make the first intermediate of a cluster that has left the mesh, that
// has one elsewhere, or is about to get one, unless it was asked for.
func (e *ensurance) wantHere(cluster string) error {
	known, err := e.known()
	if err != nil {
		return err
	}
	if err := e.wantNotRetired(cluster, known); err != nil && !e.Rejoin {
		return err
	}
	if e.Renew {
		return nil
	}
	if err := e.wantNotPending(e.changer, cluster); err != nil {
		return err
	}
	newest, err := e.newest()
	if err != nil {
		return err
	}
	if a := newest[cluster]; a != nil && !a.ended(e.now()) {
		return &ElsewhereError{Dir: e.Dir(), Cluster: cluster, Certificate: describe(a.cert)}
	}
	return nil
}

// wantNotPending refuses a cluster that waits for an answer.
func (f *Fabric) wantNotPending(r reader, cluster string) error {
	pending, err := r.Exists(requestFolder(cluster))
	if err == nil && pending {
		err = &PendingRequestError{Dir: f.Dir(), Cluster: cluster}
	}
	return err
}

// whereIs says of a cluster without a set here where its key is, if that is known.
func (f *Fabric) whereIs(ctx context.Context, r reader, root *x509.Certificate, unknown *UnknownClusterError) error {
	if err := f.wantNotPending(r, unknown.Cluster); err != nil {
		return err
	}
	all, err := f.authorities(ctx, r, root)
	if err != nil {
		return err
	}
	if err := f.wantNotRetired(unknown.Cluster, all); err != nil {
		return err
	}
	if a := newestOf(all)[unknown.Cluster]; a != nil {
		return &ElsewhereError{Dir: f.Dir(), Cluster: unknown.Cluster, Certificate: describe(a.cert)}
	}
	return unknown
}

// wantNoRequests refuses to make a root, without being asked for one, where a request waits
// for the answer of another one.
func (e *ensurance) wantNoRequests() error {
	clusters, err := e.changer.List(requestsFolder)
	if err != nil || len(clusters) == 0 {
		return err
	}
	return &PendingRequestError{Dir: e.Dir(), Cluster: clusters[0]}
}

// look finds the CAs that are known, once that is needed.
func (e *ensurance) look(ctx context.Context) {
	e.known = sync.OnceValues(func() ([]*authority, error) { return e.authorities(ctx, e.changer, e.root) })
	e.newest = sync.OnceValues(func() (map[string]*authority, error) {
		known, err := e.known()
		return newestOf(known), err
	})
}
