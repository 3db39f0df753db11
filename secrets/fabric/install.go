package fabric

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// InstallOptions adjust Install; the zero value is ready to use.
type InstallOptions struct {
	// Cluster is whose intermediate it has to be; empty means that of the request with the same
	// key.
	Cluster string
	// Root is the root that the response has to chain to, for a directory that has none; nil asks
	// ConfirmRoot.
	Root *x509.Certificate
	// ConfirmRoot is called with the root and the trust domain that a directory without a root is
	// going to trust, while the directory is not locked. Its error ends the call. Nil refuses a
	// root that is neither known nor given.
	ConfirmRoot func(ctx context.Context, root mesh.Summary, trustDomain string) error
	// TrustDomain of a mesh whose root is new here; empty means the one in the name constraints
	// of the certificate, else [DefaultTrustDomain].
	TrustDomain string
	// Incomplete writes the CRL bundles even if CRLs are missing.
	Incomplete bool
	// DryRun checks everything, asks nobody to confirm, and changes nothing.
	DryRun bool
}

// InstallResult is what Install did.
type InstallResult struct {
	Cluster string
	// Action is Created, Renewed, or Kept for a response that was installed before.
	Action      Action
	Certificate mesh.Summary
	Root        mesh.Summary
	// RootAdopted reports that the directory trusts the root as of this change.
	RootAdopted bool
	TrustDomain string
	mesh.Publication
	mesh.Merged // what the response reports of other CAs
	// Changed reports that a cluster or the directory has something new.
	Changed bool
	// Tolerated are the chain rules that the CAs above break, with the consequences.
	Tolerated []*ca.Violation
}

// ErrNoRequest says that no key here waits for a certificate.
var ErrNoRequest = errors.New("no request here has its key")

// ErrRootUnconfirmed says that nobody vouches for the root of a signed response.
var ErrRootUnconfirmed = errors.New("the root is not known here, and nobody confirmed it")

// Install installs the signed response to a [Fabric.Request]: the chain first, then the
// certificates and CRLs of other CAs if there are any, which it merges as [Fabric.ImportCRLs]
// does.
//
// The certificate has to be for the key of a request that waits here and for its cluster, valid,
// not revoked, and chain to the root of the directory, or to one that is confirmed. The key moves
// from the request to the CA bundle of the cluster; the request and the former bundle move to
// superseded/. The new CA signs its first CRL, because its key is here. Of a response that was
// installed before only the other CAs and CRLs are merged.
//
// The error is [ErrNoRequest], [ErrRootUnconfirmed], a [*ca.RuleError], a [*mesh.RevokedError], a
// [*RequestError], or a [*mesh.IncompleteError] if CRLs are published and some are missing.
func (f *Fabric) Install(ctx context.Context, response mesh.Exchange, o InstallOptions) (InstallResult, error) {
	if o.Cluster != "" {
		if err := mesh.CheckCluster(o.Cluster); err != nil {
			return InstallResult{}, err
		}
	}
	if len(response.Certificates) == 0 {
		return InstallResult{}, errors.New("the signed response has no certificate")
	}
	i := &installing{InstallOptions: o, chain: leadingChain(response.Certificates)}
	i.others = mesh.Exchange{Certificates: response.Certificates[len(i.chain):], CRLs: response.CRLs}
	err := f.run(ctx, operation{dryRun: o.DryRun, trust: i.trust, decide: i.decide, confirm: i.confirm, change: i.change}, &passphrases{})
	if err != nil {
		return InstallResult{}, err
	}
	return i.result, nil
}

// installing is one call of Install.
type installing struct {
	InstallOptions
	chain  []*x509.Certificate
	others mesh.Exchange // what the response has beside the chain

	mesh    *mesh.Mesh
	request *request // nil for a response that was installed before
	bundle  *secrets.CACerts
	merge   *mesh.Merge
	result  InstallResult
}

// leadingChain is the certificates up to the first one that the next one did not issue.
func leadingChain(certs []*x509.Certificate) []*x509.Certificate {
	for n := range certs[1:] {
		if !bytes.Equal(certs[n].RawIssuer, certs[n+1].RawSubject) || certs[n+1].Equal(certs[n]) {
			return certs[:n+1]
		}
	}
	return certs
}

// trust is that of the directory, or that of the response if the directory has none: decide checks
// it, and confirm asks for it.
func (i *installing) trust(_ context.Context, d *directory) (trust, error) {
	i.result = InstallResult{}
	t, err := d.readTrust()
	switch {
	case errors.Is(err, ErrNoRoot):
		i.result.RootAdopted = true
		root := i.Root
		if root == nil {
			root = i.chain[len(i.chain)-1]
		}
		t.issuing = []*x509.Certificate{root}
		t.settings, err = i.adoptedSettings()
	case err == nil && i.Root != nil && !i.Root.Equal(t.root()):
		err = fmt.Errorf("%s is %s, not the root that was given, %s", d.path(rootCertFile), ca.Describe(t.root()), ca.Describe(i.Root))
	}
	return t, err
}

// adoptedSettings are for a directory that knew nothing of the mesh.
func (i *installing) adoptedSettings() (mesh.Settings, error) {
	cert, domain := i.chain[0], i.TrustDomain
	if uris := cert.PermittedURIDomains; domain == "" && len(uris) == 1 {
		domain = uris[0]
	}
	var names []string
	if len(cert.PermittedURIDomains) > 0 {
		names = cert.PermittedDNSDomains
	}
	s, err := newSettings(domain, names)
	s.PublishCRLs = len(i.others.CRLs) > 0
	return s, err
}

// confirm asks for a root that is new here.
func (i *installing) confirm(ctx context.Context) error {
	switch {
	case !i.result.RootAdopted || i.Root != nil || i.DryRun:
		return nil
	case i.ConfirmRoot == nil:
		return fmt.Errorf("%s: %w", i.result.Root.Subject, ErrRootUnconfirmed)
	}
	return i.ConfirmRoot(ctx, i.result.Root, i.result.TrustDomain)
}

// decide compares the response with the directory.
func (i *installing) decide(ctx context.Context, d *directory) (needs, error) {
	var err error
	if i.mesh, err = d.mesh(ctx); err != nil {
		return needs{}, err
	}
	if err := i.complete(d); err != nil {
		return needs{}, err
	}
	i.result.Root, i.result.Certificate, i.result.TrustDomain = mesh.Summarize(d.root()), mesh.Summarize(i.chain[0]), d.settings.TrustDomain
	if i.installedBefore() {
		i.result.Action = Kept
	} else if err := i.matchRequest(d); err != nil {
		return needs{}, err
	}
	i.merge, err = d.merge(i.mesh, i.others)
	if err == nil && i.result.Action != Kept {
		err = i.mesh.CheckUnrevoked(i.chain)
	}
	if err != nil {
		return needs{}, fmt.Errorf("the signed response: %w", err)
	}
	return needs{issuerKey: i.merge.NeedsIssuer()}, nil
}

// complete adds the root to a chain that stops below it, and checks that the chain leads there.
func (i *installing) complete(d *directory) error {
	roots := []*x509.Certificate{d.root()}
	i.chain = ca.Complete(i.chain, roots)
	refused, _ := ca.Tolerate(ca.VerifyIntermediate(i.chain, ca.VerifyOptions{Roots: roots, Now: d.clock}))
	if len(refused) > 0 {
		return &ca.RuleError{Op: "the signed response, which has to chain to " + ca.Describe(d.root()), Violations: refused}
	}
	return nil
}

// installedBefore reports whether the current bundle of a cluster has the certificate.
func (i *installing) installedBefore() bool {
	a := i.mesh.CA(i.chain[0])
	if a == nil {
		return false
	}
	b := i.mesh.BundleOf(a)
	if b == nil || !b.Current || !b.Chain[0].Equal(i.chain[0]) {
		return false
	}
	i.result.Cluster = b.Cluster
	return i.Cluster == "" || i.Cluster == b.Cluster
}

// matchRequest finds the request with the key of the certificate, and makes the mesh know the new
// CA and those above it.
func (i *installing) matchRequest(d *directory) error {
	var err error
	if i.request, err = i.findRequest(d); err != nil {
		return err
	}
	i.result.Cluster, i.result.Action = i.request.cluster, Created
	if i.mesh.IsLocal(i.result.Cluster) {
		i.result.Action = Renewed
	}
	if err := i.accept(d); err != nil {
		return fmt.Errorf("cluster %s: %w", i.result.Cluster, err)
	}
	return nil
}

func (i *installing) accept(d *directory) error {
	if err := i.check(d.settings); err != nil {
		return err
	}
	var err error
	if i.bundle, err = secrets.New(secrets.Options{Key: i.request.key, Chain: i.chain}); err != nil {
		return err
	}
	i.result.Tolerated = i.bundle.Tolerated()
	return i.addChain(d)
}

// findRequest finds the request whose key a certificate has.
func (i *installing) findRequest(d *directory) (*request, error) {
	cert := i.chain[0]
	clusters, err := d.files.List(requestsFolder)
	if err != nil {
		return nil, err
	}
	var damaged error
	for _, cluster := range clusters {
		waiting, err := d.readRequest(cluster)
		switch {
		case err != nil:
			damaged = errors.Join(damaged, err)
		case !ca.MatchKey(waiting.key, cert):
		case i.Cluster != "" && i.Cluster != cluster:
			return nil, fmt.Errorf("%s has the key of the request of cluster %s, not of %s", ca.Describe(cert), cluster, i.Cluster)
		default:
			return waiting, nil
		}
	}
	if damaged != nil {
		return nil, damaged
	}
	waiting := "no request waits in " + d.path("")
	if len(clusters) > 0 {
		waiting = "requests wait of " + strings.Join(clusters, ", ")
	}
	return nil, fmt.Errorf("%s: %w: %s", ca.Describe(cert), ErrNoRequest, waiting)
}

// check compares the chain with its cluster and the mesh.
func (i *installing) check(s mesh.Settings) error {
	cert := i.chain[0]
	if named := mesh.ClusterOf(cert.Subject.CommonName, cert.PublicKey); named != "" && named != i.result.Cluster {
		return fmt.Errorf("%s was signed for cluster %s", ca.Describe(cert), named)
	}
	if refused := s.CheckConstraints(i.chain); len(refused) > 0 {
		return &ca.RuleError{Op: "the signed response", Violations: refused}
	}
	return nil
}

// addChain makes the mesh know the chain. The new CA signs its first CRL. What was decided about
// the CA before its response came stays in force.
func (i *installing) addChain(d *directory) error {
	for _, cert := range i.chain[1:] {
		if _, err := i.mesh.Accept("", cert); err != nil {
			return err
		}
	}
	a, err := i.mesh.Accept(i.result.Cluster, i.chain[0])
	if err != nil {
		return err
	}
	i.mesh.Assign(a, i.result.Cluster)
	if a.CRL() != nil {
		return nil
	}
	signer, _, err := ca.LoadImported(i.request.key, i.chain, d.clock)
	if err != nil {
		return err
	}
	return signFirst(a, signer, d.now)
}

// change writes the bundle of the cluster, and what the response brings beside it.
func (i *installing) change(ctx context.Context, d *directory) error {
	if err := d.signMerge(ctx, i.merge); err != nil {
		return err
	}
	i.result.Merged = i.merge.Result()
	var written []string
	if i.result.Action != Kept {
		written = []string{i.result.Cluster}
		if err := i.writeBundle(d); err != nil {
			return err
		}
		i.mesh.AddLocal(i.result.Cluster)
	}
	err := d.writeRecords(i.mesh)
	if err == nil && (i.mesh.PublishCRLs || len(i.others.CRLs) > 0) {
		err = d.publish(i.mesh, written, i.Incomplete)
	}
	i.result.Publication, i.result.Changed = i.mesh.Publication(i.result.Cluster), d.files.changed.Load()
	return err
}

// writeBundle writes the bundle of the cluster, and a root that is new here.
func (i *installing) writeBundle(d *directory) error {
	if i.result.Action == Renewed {
		if err := d.files.Retire(clusterFolder(i.result.Cluster)); err != nil {
			return err
		}
	}
	err := errors.Join(d.files.Retire(requestFolder(i.result.Cluster)), d.writeBundle(i.result.Cluster, i.bundle))
	if err != nil || !i.result.RootAdopted {
		return err
	}
	return d.writeTrust()
}
