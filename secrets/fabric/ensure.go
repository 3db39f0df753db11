package fabric

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets"
)

// EnsureOptions say what the intermediates are to be like; the zero value is good.
type EnsureOptions struct {
	// KeyType of new intermediates; zero means that of the CA that issues them, and
	// [ca.RSA3072] where that has RSA of a size that is not made here.
	KeyType ca.KeyType
	// NotAfter is the end of new intermediates, which is never cut; zero means
	// [ca.DefaultIntermediateLifetime] from now, or the end of the issuer if that comes
	// before. An issuer with less than 24 hours left is refused then.
	NotAfter time.Time
	// Renew issues new intermediates in place of valid and of damaged ones.
	Renew bool
	// Rejoin lets clusters come back that have left the mesh, see [Fabric.RetireCluster].
	Rejoin bool
	// Root describes the root that is made where there is none.
	Root RootOptions
	// Upstream, if there is one, issues in place of the CA in the directory. A
	// directory without a root trusts that of the upstream from then on, which must
	// be a single one.
	Upstream *Upstream
	// AllowIncomplete writes the sets of CRLs of a fabric that publishes them even if CRLs
	// are missing.
	AllowIncomplete bool
	// DryRun checks everything and changes nothing, and an upstream is asked only
	// whether it is able to issue. What the result says of new keys is not what a
	// real run would make.
	DryRun bool
	// Progress, if there is one, is told after each cluster how many are done. It
	// is not called concurrently.
	Progress func(done int)
}

// Action is what Ensure did for a cluster.
type Action string

// The actions of Ensure.
const (
	Created Action = "created"
	Kept    Action = "kept"
	Renewed Action = "renewed"
)

// Result is what Ensure found and did.
type Result struct {
	Root        Certificate
	RootCreated bool
	RootAdopted bool      // the root is that of the upstream since now
	Clusters    []Ensured // in the order in which they were asked for

	// Publication is empty unless something was issued. The sets of Others have its CRL: they
	// need it before they meet what was issued, and so do Elsewhere.
	Publication
}

// Ensured is a cluster after Ensure.
type Ensured struct {
	Cluster     string
	Action      Action
	Certificate Certificate
	// OtherConstraints reports that what is kept has other name constraints than the
	// fabric has now.
	OtherConstraints bool
	// EndsWithIssuer reports that no end was asked for, and that what was issued lives for
	// less than [ca.DefaultIntermediateLifetime], since its issuer does.
	EndsWithIssuer bool
}

// Ensure sees to it that each cluster has a valid intermediate, which is not revoked, with at
// least a third of its life left: it creates, keeps or renews, and makes the root where
// there is none. A renewed intermediate has a new key and another distinguished
// name; the old set is kept below superseded/. All clusters are one transaction:
// if one fails, nothing changes for any.
//
// The error is a [*ClusterNameError], a [*DamagedError] for a set that is neither
// valid nor to be renewed, [ErrRootKeyMissing] or [ErrIssuingKeyMissing] where something
// has to be issued without the key at hand, [ErrPasswordMissing] or [ca.ErrWrongPassword]
// where it is encrypted, a [*ca.LifetimeError], an [*IncompleteError] where CRLs are published
// and not all are here, an [*ElsewhereError] or a [*PendingRequestError] for a cluster whose
// key is elsewhere or that waits for an answer, unless it is renewed, a [*RetiredError] for one
// that has left the mesh, a [*RevokedError] where the CA that issues or one above it is revoked,
// or one of [issuer.ObtainIntermediate].
func (f *Fabric) Ensure(ctx context.Context, clusters []string, o EnsureOptions) (Result, error) {
	if err := checkClusters(clusters); err != nil {
		return Result{}, err
	}
	old, fresh := &asked{ask: f.password}, newAsked(o.Root.NewPassword, o.DryRun)
	defer old.wipe()
	defer fresh.wipe()
	if err := f.askAhead(ctx, clusters, o, old, fresh); err != nil {
		return Result{}, err
	}
	var result Result
	err := f.change(ctx, o.DryRun, func(c changer) error {
		e, err := f.newEnsurance(ctx, c, o, old, fresh)
		if err != nil {
			return err
		}
		result = Result{Root: describe(e.root), RootCreated: e.rootCreated, RootAdopted: e.rootAdopted}
		if result.Clusters, err = e.all(ctx, clusters); err != nil {
			return err
		}
		return e.publishIssued(ctx, &result)
	})
	if err != nil {
		return Result{}, err
	}
	return result, nil
}

// ensurance is one call of Ensure inside its transaction.
type ensurance struct {
	*Fabric
	EnsureOptions
	changer                  changer
	root                     *x509.Certificate
	rootCreated, rootAdopted bool
	config                   config
	chain                    []*x509.Certificate // of the CA that signs, as far as it is known
	known                    func() ([]*authority, error)
	newest                   func() (map[string]*authority, error) // by their clusters
	old, fresh               *asked
	sign                     signer

	remembers bool // what was issued; thousands take much memory

	mu     sync.Mutex
	issued []*authority
	above  map[string]*x509.Certificate // the CAs above what was issued, by their bytes
}

// signer makes a CA of a key.
type signer func(ctx context.Context, key crypto.Signer, cluster string) (*ca.Authority, error)

func (f *Fabric) newEnsurance(ctx context.Context, c changer, o EnsureOptions, old, fresh *asked) (*ensurance, error) {
	e := &ensurance{Fabric: f, EnsureOptions: o, changer: c, old: old, fresh: fresh, above: make(map[string]*x509.Certificate)}
	choose := e.signHere
	if o.Upstream != nil {
		choose = e.signByUpstream
	}
	if err := choose(ctx); err != nil {
		return nil, err
	}
	e.remembers = e.config.PublishCRLs
	e.look(ctx)
	if e.KeyType == "" {
		var err error
		if e.KeyType, err = keyTypeLike(e.chain[0].PublicKey); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Dir(), err)
		}
	}
	return e, nil
}

// all ensures the clusters side by side: a disk syncs several files in the time of
// one.
func (e *ensurance) all(ctx context.Context, clusters []string) ([]Ensured, error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4 * runtime.GOMAXPROCS(0))
	ensured := make([]Ensured, len(clusters))
	report := e.reporter()
	for i, cluster := range clusters {
		group.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			ensured[i], err = e.one(ctx, cluster)
			report()
			return err
		})
	}
	return ensured, group.Wait()
}

func (e *ensurance) reporter() func() {
	var mu sync.Mutex
	done := 0
	return func() {
		mu.Lock()
		defer mu.Unlock()
		if done++; e.Progress != nil {
			e.Progress(done)
		}
	}
}

func (e *ensurance) one(ctx context.Context, cluster string) (Ensured, error) {
	decided, err := e.decide(cluster)
	if err != nil {
		return Ensured{}, err
	}
	action := decided.Action
	if action == Kept || e.DryRun && e.Upstream != nil {
		return decided, nil
	}
	bundle, record, err := e.issue(ctx, cluster)
	if err != nil {
		return Ensured{}, fmt.Errorf("cluster %s: %w", cluster, err)
	}
	if action == Renewed {
		if err := e.changer.Retire(clusterFolder(cluster)); err != nil {
			return Ensured{}, err
		}
	}
	if err := writeCluster(e.changer, cluster, bundle); err != nil {
		return Ensured{}, err
	}
	if err := putAuthority(e.changer, record); err != nil {
		return Ensured{}, err
	}
	e.remember(record, bundle.Chain()[1:])
	ends := e.NotAfter.IsZero() && bundle.Certificate().NotAfter.Equal(bundle.Chain()[1].NotAfter)
	return Ensured{Cluster: cluster, Action: action, Certificate: describe(bundle.Certificate()), EndsWithIssuer: ends}, nil
}

// remember keeps what publishIssued needs of a new intermediate.
func (e *ensurance) remember(a *authority, above []*x509.Certificate) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, cert := range above {
		e.above[string(cert.Raw)] = cert
	}
	if e.remembers {
		e.issued = append(e.issued, a)
	}
}

// publishIssued makes the CAs above what was issued known, and hands every cluster the
// CRLs of what was issued where CRLs are published.
func (e *ensurance) publishIssued(ctx context.Context, r *Result) error {
	if len(e.above) == 0 || e.rootCreated {
		return nil // nothing was issued, or everything is recorded
	}
	fresh := e.issued
	for _, cert := range e.above {
		a, err := e.knowAuthority(e.changer, cert)
		if err != nil {
			return err
		}
		fresh = append(fresh, a)
	}
	if !e.config.PublishCRLs {
		return nil
	}
	clusters := make([]string, len(e.issued))
	for i, a := range e.issued {
		clusters[i] = a.cluster
	}
	m, err := e.newMesh(ctx, e.changer, e.old)
	if err != nil {
		return err
	}
	m.add(fresh, true)
	m.clusters = slices.Concat(without(m.clusters, clusters), clusters)
	r.Publication = m.publication(clusters...)
	return m.publishSet(clusters, e.AllowIncomplete)
}

// decide says what has to be done for a cluster, and what it has if that is kept. Where
// something has to be issued, the CAs above must not be revoked.
func (e *ensurance) decide(cluster string) (Ensured, error) {
	decided, err := e.compare(cluster)
	if err != nil || decided.Action == Kept {
		return decided, err
	}
	known, err := e.known()
	if err != nil {
		return Ensured{}, err
	}
	return decided, e.wantUnrevoked(e.chain, known)
}

// compare holds what a cluster has against what it is to have.
func (e *ensurance) compare(cluster string) (Ensured, error) {
	bundle, err := e.readCluster(e.changer, cluster)
	var unknown *UnknownClusterError
	switch {
	case errors.As(err, &unknown):
		return Ensured{Cluster: cluster, Action: Created}, e.wantHere(cluster)
	case e.Renew:
		return Ensured{Cluster: cluster, Action: Renewed}, nil
	case err != nil:
		return Ensured{}, err
	}
	if err := e.checkRoot(bundle, e.root, cluster); err != nil {
		return Ensured{}, err
	}
	known, err := e.known()
	if err != nil {
		return Ensured{}, err
	}
	current := describe(bundle.Certificate())
	revoked := func(cert *x509.Certificate) bool { return revocationOf(cert, known) != nil }
	if current.State(e.now()) != StateValid || slices.ContainsFunc(bundle.Chain(), revoked) {
		return Ensured{Cluster: cluster, Action: Renewed}, nil
	}
	outdated := !e.config.constraints().Are(bundle.Certificate())
	return Ensured{Cluster: cluster, Action: Kept, Certificate: current, OtherConstraints: outdated}, nil
}

// issue makes a key and a certificate with a distinguished name that no CA of the
// cluster had before, and the first CRL. A tag is short enough for two keys to share one,
// if rarely.
func (e *ensurance) issue(ctx context.Context, cluster string) (*secrets.CACerts, *authority, error) {
	taken, err := subjects(e.changer, cluster)
	if err != nil {
		return nil, nil, err
	}
	for {
		key, err := e.generateKey(e.KeyType)
		if err != nil {
			return nil, nil, err
		}
		made, err := e.sign(ctx, key, cluster)
		if err != nil {
			return nil, nil, err
		}
		if taken[string(made.Certificate().RawSubject)] {
			continue
		}
		bundle, err := secrets.New(secrets.Options{Key: key, Chain: made.Chain()})
		if err != nil {
			return nil, nil, err
		}
		record, err := e.newAuthority(cluster, made)
		return bundle, record, err
	}
}
