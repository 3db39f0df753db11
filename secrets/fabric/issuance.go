package fabric

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// Action is what an operation did for a cluster.
type Action string

// The actions.
const (
	Created Action = "created"
	Kept    Action = "kept"
	Renewed Action = "renewed"
)

// ClusterResult is a cluster after it got, or kept, an intermediate.
type ClusterResult struct {
	Cluster     string
	Action      Action
	Certificate mesh.Summary
	// OtherConstraints reports that a kept intermediate has other name constraints than the
	// fabric has now.
	OtherConstraints bool
	// EndsWithIssuer reports that no end was requested, and that the new intermediate lives for
	// less than [ca.DefaultIntermediateLifetime] because its issuer does.
	EndsWithIssuer bool
}

// issuance issues the intermediates of clusters whose keys are in this directory. Several
// goroutines may issue.
type issuance struct {
	*directory
	mesh        *mesh.Mesh
	keyType     ca.KeyType
	notAfter    time.Time
	sign        signer
	generateKey func(ca.KeyType) (crypto.Signer, error)
	// keep keeps what was issued in memory, which the CRL bundle needs. Without it thousands of
	// clusters take as much memory as one.
	keep bool

	mu     sync.Mutex
	issued []*mesh.CA
	above  map[string]*x509.Certificate // the CAs above what was issued, by their DER
	count  int
}

// signer certifies a key for a cluster.
type signer func(ctx context.Context, key crypto.Signer, cluster string) (*ca.Authority, error)

// newIssuance issues with the CA in the directory.
func (f *Fabric) newIssuance(d *directory, m *mesh.Mesh, keyType ca.KeyType, notAfter time.Time) (*issuance, error) {
	if keyType == "" {
		var err error
		if keyType, err = mesh.KeyTypeBelow(m.Issuing[0]); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Dir(), err)
		}
	}
	i := &issuance{
		directory: d, mesh: m, keyType: keyType, notAfter: notAfter, generateKey: f.generateKey,
		keep: m.PublishCRLs, above: make(map[string]*x509.Certificate),
	}
	i.sign = i.signHere
	return i, nil
}

// signHere signs with the CA in the directory. Only whoever issues needs its key.
func (i *issuance) signHere(ctx context.Context, key crypto.Signer, cluster string) (*ca.Authority, error) {
	issuer, err := i.keys.issuer(ctx)
	if err != nil {
		return nil, err
	}
	cert, err := i.certify(issuer, key.Public(), cluster)
	if err != nil {
		return nil, err
	}
	return issuer.Below(key, cert)
}

func (i *issuance) certify(issuer *ca.Authority, key crypto.PublicKey, cluster string) (*x509.Certificate, error) {
	profile, err := i.mesh.Profile()
	if err != nil {
		return nil, err
	}
	end, err := i.mesh.IntermediateEnd(i.notAfter)
	if err != nil {
		return nil, err
	}
	draft, err := issuer.Prepare(profile, ca.Request{PublicKey: key, CommonName: cluster, NotAfter: end})
	if err != nil {
		return nil, err
	}
	return issuer.Issue(draft)
}

// issue creates the key, certificate, bundle and record of a cluster, in place of the bundle that
// it has.
func (i *issuance) issue(ctx context.Context, cluster string, action Action) (ClusterResult, error) {
	made, bundle, err := i.certifyNew(ctx, cluster)
	if err != nil {
		return ClusterResult{}, fmt.Errorf("cluster %s: %w", cluster, err)
	}
	record := mesh.NewCA(cluster, made.Certificate())
	if err := signFirst(record, made, i.now); err != nil {
		return ClusterResult{}, fmt.Errorf("cluster %s: %w", cluster, err)
	}
	if action == Renewed {
		if err := i.files.Retire(clusterFolder(cluster)); err != nil {
			return ClusterResult{}, err
		}
	}
	if err := i.writeBundle(cluster, bundle); err != nil {
		return ClusterResult{}, err
	}
	if err := i.writeRecord(record); err != nil {
		return ClusterResult{}, err
	}
	i.remember(record, made.Chain()[1:])
	ends := i.notAfter.IsZero() && made.Certificate().NotAfter.Equal(made.Chain()[1].NotAfter)
	return ClusterResult{Cluster: cluster, Action: action, Certificate: record.Summary(), EndsWithIssuer: ends}, nil
}

// certifyNew creates a key and a certificate with a subject that no CA of the mesh has had. A tag
// is short enough for two keys to share one, if rarely.
func (i *issuance) certifyNew(ctx context.Context, cluster string) (*ca.Authority, *secrets.CACerts, error) {
	for {
		key, err := i.generateKey(i.keyType)
		if err != nil {
			return nil, nil, err
		}
		made, err := i.sign(ctx, key, cluster)
		if err != nil {
			return nil, nil, err
		}
		if i.mesh.IsNamed(made.Certificate()) {
			continue
		}
		bundle, err := secrets.New(secrets.Options{Key: key, Chain: made.Chain()})
		return made, bundle, err
	}
}

func (i *issuance) remember(a *mesh.CA, above []*x509.Certificate) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.count++
	for _, cert := range above {
		i.above[string(cert.Raw)] = cert
	}
	if i.keep {
		i.issued = append(i.issued, a)
	}
}

// record makes the mesh know what was issued, and the CAs above it.
func (i *issuance) record() error {
	for _, cert := range i.above {
		if _, err := i.mesh.Accept("", cert); err != nil {
			return err
		}
	}
	i.mesh.Put(i.issued...)
	i.mesh.AddLocal(i.clusters()...)
	return nil
}

// clusters are those that something was issued for, if it was kept.
func (i *issuance) clusters() []string {
	clusters := make([]string, len(i.issued))
	for n, a := range i.issued {
		clusters[n] = a.Cluster
	}
	return clusters
}

// forEach calls a function for each cluster, side by side: a disk syncs several files in the time
// of one.
func forEach(ctx context.Context, clusters []string, do func(ctx context.Context, i int, cluster string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4 * runtime.GOMAXPROCS(0))
	for i, cluster := range clusters {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return do(ctx, i, cluster)
		})
	}
	return group.Wait()
}
