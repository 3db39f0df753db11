package fabric

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// EnsureOptions describe the intermediates; the zero value is ready to use.
type EnsureOptions struct {
	// KeyType of new intermediates; zero means that of the CA that issues them, and
	// [ca.RSA3072] below an RSA key of a size that is not made here.
	KeyType ca.KeyType
	// NotAfter is the end of new intermediates, which is never cut; zero means
	// [ca.DefaultIntermediateLifetime] from now, or the end of the issuer if that comes before.
	// An issuer with less than 24 hours left is refused then.
	NotAfter time.Time
	// Renew issues new intermediates in place of valid and of damaged ones.
	Renew bool
	// Rejoin lets clusters come back that have left the mesh, see [Fabric.Retire].
	Rejoin bool
	// Root describes the root that is created if there is none.
	Root RootOptions
	// Upstream, if it is not nil, issues in place of the CA in the directory. A directory without
	// a root trusts that of the upstream from then on, which must be a single one.
	Upstream *Upstream
	// Incomplete writes the CRL bundles of a fabric that publishes them even if CRLs are missing.
	Incomplete bool
	// DryRun checks everything and changes nothing; an upstream is asked only whether it can
	// issue. New keys in the result are not those that a real run would make.
	DryRun bool
	// Progress, if it is not nil, is called after each cluster with the number of clusters that
	// are done. It is not called concurrently.
	Progress func(done int)
}

// EnsureResult is what Ensure found and did.
type EnsureResult struct {
	Root        mesh.Summary
	RootCreated bool
	RootAdopted bool            // the root is that of the upstream as of this change
	Clusters    []ClusterResult // in the order of the arguments

	// Publication is empty unless something was issued.
	mesh.Publication
}

// Ensure gives each cluster a valid intermediate that is not revoked and has at least a third of
// its life left: it creates, keeps or renews one, and creates the root if there is none. A
// renewed intermediate has a new key and another distinguished name; the old bundle moves to
// superseded/. All clusters are one transaction: if one fails, nothing changes for any.
//
// The error is a [*mesh.ClusterNameError]; a [*DamagedError] for a bundle that is neither valid
// nor to be renewed; [ErrKeyMissing] if something has to be issued without the key at hand;
// [ErrPassphraseMissing] or [ca.ErrWrongPassword] if the key is encrypted; a [*ca.LifetimeError];
// a [*mesh.IncompleteError] if CRLs are published and some are missing; a [*mesh.RemoteKeyError]
// or a [*PendingRequestError] for a cluster whose key is in another directory or that waits for a
// signed response, unless it is renewed; a [*mesh.RetiredError] for a cluster that has left the
// mesh; a [*mesh.RevokedError] if the CA that issues or one above it is revoked; or one of
// [issuer.ObtainIntermediate].
func (f *Fabric) Ensure(ctx context.Context, clusters []string, o EnsureOptions) (EnsureResult, error) {
	if err := mesh.CheckClusters(clusters); err != nil {
		return EnsureResult{}, err
	}
	e := &ensuring{
		EnsureOptions: o, fabric: f, clusters: clusters,
		root: &newRoot{RootOptions: o.Root, generateKey: f.generateKey},
	}
	err := f.run(ctx, operation{dryRun: o.DryRun, trust: e.trust, decide: e.decide, change: e.change},
		&passphrases{fresh: prompt{ask: o.Root.NewPassphrase}})
	if err != nil {
		return EnsureResult{}, err
	}
	return e.result, nil
}

// ensuring is one call of Ensure.
type ensuring struct {
	EnsureOptions
	fabric   *Fabric
	clusters []string
	root     *newRoot
	mesh     *mesh.Mesh
	result   EnsureResult
}

// trust is that of the directory, or of the root that it is going to have.
func (e *ensuring) trust(ctx context.Context, d *directory) (trust, error) {
	e.result = EnsureResult{}
	t, err := d.readTrust()
	switch {
	case e.Upstream != nil:
		t, err = e.trustUpstream(ctx, t, err)
	case errors.Is(err, ErrNoRoot):
		if err := d.requireNoRequests(); err != nil {
			return trust{}, err
		}
		e.result.RootCreated = true
		t, err = e.root.trust(d)
	}
	if err == nil {
		e.result.Root = mesh.Summarize(t.root())
	}
	return t, err
}

// decide finds out what each cluster needs.
func (e *ensuring) decide(ctx context.Context, d *directory) (needs, error) {
	var err error
	if e.mesh, err = d.mesh(ctx); err != nil {
		return needs{}, err
	}
	e.result.Clusters = make([]ClusterResult, len(e.clusters))
	err = forEach(ctx, e.clusters, func(_ context.Context, i int, cluster string) (err error) {
		e.result.Clusters[i], err = e.compare(d, cluster)
		return err
	})
	if err != nil {
		return needs{}, err
	}
	var need needs
	if e.issues() {
		if err := e.mesh.CheckIssuing(); err != nil {
			return needs{}, err
		}
		need.issuerKey = e.Upstream == nil && !e.result.RootCreated
	}
	if e.result.RootCreated {
		need.newKey = d.path(rootKeyFile)
	}
	return need, nil
}

// issues reports whether something has to be issued.
func (e *ensuring) issues() bool {
	return slices.ContainsFunc(e.result.Clusters, func(c ClusterResult) bool { return c.Action != Kept })
}

// compare compares the bundle of a cluster with what it needs.
func (e *ensuring) compare(d *directory, cluster string) (ClusterResult, error) {
	bundle, err := d.readBundle(cluster, secrets.FileNames())
	var unknown *UnknownClusterError
	switch {
	case errors.As(err, &unknown):
		return ClusterResult{Cluster: cluster, Action: Created}, e.checkFirst(d, cluster)
	case e.Renew:
		return ClusterResult{Cluster: cluster, Action: Renewed}, nil
	case err != nil:
		return ClusterResult{}, err
	}
	current := mesh.Summarize(bundle.Certificate())
	if current.State(d.now) != mesh.StateValid || e.mesh.LifecycleOf(bundle.Chain()) == mesh.LifecycleRevoked {
		return ClusterResult{Cluster: cluster, Action: Renewed}, nil
	}
	outdated := !e.mesh.Constraints.Are(bundle.Certificate())
	return ClusterResult{Cluster: cluster, Action: Kept, Certificate: current, OtherConstraints: outdated}, nil
}

// checkFirst refuses the first local intermediate of a cluster that has left the mesh, that has
// one in another directory, or that is about to get one.
func (e *ensuring) checkFirst(d *directory, cluster string) error {
	if err := e.mesh.CheckNotRetired(cluster); err != nil && !e.Rejoin {
		return err
	}
	if e.Renew {
		return nil
	}
	if err := d.requireNoRequest(cluster); err != nil {
		return err
	}
	return e.mesh.CheckNoRemoteKey(cluster)
}

// change writes a root that is new, and issues what is needed.
func (e *ensuring) change(ctx context.Context, d *directory) error {
	if err := e.writeRoot(ctx, d); err != nil {
		return err
	}
	if e.DryRun && e.Upstream != nil {
		return nil
	}
	issuance, err := e.issuance(d)
	if err != nil {
		return err
	}
	report := e.reporter()
	err = forEach(ctx, e.clusters, func(ctx context.Context, i int, cluster string) (err error) {
		defer report()
		if c := &e.result.Clusters[i]; c.Action != Kept {
			*c, err = issuance.issue(ctx, cluster, c.Action)
		}
		return err
	})
	if err != nil || issuance.count == 0 {
		return err
	}
	return e.record(d, issuance)
}

func (e *ensuring) writeRoot(ctx context.Context, d *directory) error {
	switch {
	case e.result.RootCreated:
		return e.root.write(ctx, d, e.mesh)
	case e.result.RootAdopted:
		return d.writeTrust()
	}
	return nil
}

// issuance issues with the CA in the directory, or with the upstream.
func (e *ensuring) issuance(d *directory) (*issuance, error) {
	i, err := e.fabric.newIssuance(d, e.mesh, e.KeyType, e.NotAfter)
	if err != nil {
		return nil, err
	}
	switch {
	case e.Upstream != nil:
		i.sign, err = e.upstreamSigner(i)
	case e.result.RootCreated:
		d.keys = &createdRoot{keySource: d.keys, authority: e.root.authority}
	}
	return i, err
}

// createdRoot has the key of a root that this operation creates: the file is not there yet.
type createdRoot struct {
	keySource
	authority *ca.Authority
}

func (k *createdRoot) issuer(context.Context) (*ca.Authority, error) { return k.authority, nil }

// record records the CAs above what was issued, and brings the CRLs of what was issued to every
// cluster if CRLs are published.
func (e *ensuring) record(d *directory, i *issuance) error {
	if err := i.record(); err != nil {
		return err
	}
	if err := d.writeRecords(e.mesh); err != nil {
		return err
	}
	if !e.mesh.PublishCRLs {
		return nil
	}
	e.result.Publication = e.mesh.Publication(i.clusters()...)
	return d.writeCRLs(e.mesh, i.clusters(), e.Incomplete)
}

func (e *ensuring) reporter() func() {
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
