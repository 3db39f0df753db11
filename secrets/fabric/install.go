package fabric

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets"
)

// InstallOptions adjust Install.
type InstallOptions struct {
	// Cluster is whose intermediate it has to be; empty means that of the request which
	// has the same key.
	Cluster string
	// Root is the root that the answer has to lead to, for a directory that has none; nil
	// asks ConfirmRoot.
	Root *x509.Certificate
	// ConfirmRoot is told which root a directory without one is going to trust, and in
	// which trust domain, while nobody waits for the directory. Its error ends the call.
	// Nil refuses a root that is neither known nor given.
	ConfirmRoot func(ctx context.Context, root Certificate, trustDomain string) error
	// TrustDomain of a mesh whose root is new here; empty means the one that the name
	// constraints of the certificate name, and else [DefaultTrustDomain].
	TrustDomain string
	// AllowIncomplete writes the sets of CRLs even if CRLs are missing.
	AllowIncomplete bool
	// DryRun checks everything, asks nobody to confirm, and changes nothing.
	DryRun bool
}

// Installed is what Install did.
type Installed struct {
	Cluster string
	// Action is Created, Renewed, or Kept for an answer that was installed before.
	Action      Action
	Certificate Certificate
	Root        Certificate
	// RootAdopted reports that the directory trusts the root since now.
	RootAdopted bool
	TrustDomain string
	// PublishesCRLs reports that every cluster has the CRLs of all CAs.
	PublishesCRLs bool
	// Tolerated are the chain rules that the CAs above break, with what follows from it.
	Tolerated []*ca.Violation
}

// ErrNoRequest says that no key here waits for a certificate.
var ErrNoRequest = errors.New("no request here has its key")

// ErrRootUnconfirmed says that nobody vouches for the root of an answer.
var ErrRootUnconfirmed = errors.New("the root is not known here, and nobody confirmed it")

// Install takes the answer to a [Fabric.Request]: the chain first, then the certificates and
// CRLs of other CAs if there are any. The certificate has to be for the key of a request that
// waits here, for its cluster, valid, and lead to the root of the directory, or to one that is
// confirmed. The key moves from the request to the set of the cluster; the request and the
// set that there was are kept in superseded/. The first CRL of the new CA is made, since its
// key is here.
//
// The error is [ErrNoRequest], [ErrRootUnconfirmed], a [*ca.RuleError], a [*RequestError], or
// an [*IncompleteError] where CRLs are published and not all are here.
func (f *Fabric) Install(ctx context.Context, answer Exchange, o InstallOptions) (Installed, error) {
	if o.Cluster != "" {
		if err := CheckCluster(o.Cluster); err != nil {
			return Installed{}, err
		}
	}
	if len(answer.Certificates) == 0 {
		return Installed{}, errors.New("the answer has no certificate")
	}
	if err := f.confirmRoot(ctx, answer, o); err != nil {
		return Installed{}, err
	}
	var done Installed
	err := f.change(ctx, o.DryRun, func(c changer) error {
		i, err := f.newInstallation(ctx, c, answer, o)
		if err != nil {
			return err
		}
		done = i.Installed
		if done.Action == Kept {
			return nil
		}
		done.PublishesCRLs = i.publishes()
		return i.write(c)
	})
	if err != nil {
		return Installed{}, err
	}
	return done, nil
}

// confirmRoot asks for a root that is new here.
func (f *Fabric) confirmRoot(ctx context.Context, answer Exchange, o InstallOptions) error {
	var i *installation
	err := f.store.View(ctx, func(s *store.Snapshot) (err error) {
		i, err = f.newInstallation(ctx, s, answer, o)
		return err
	})
	switch {
	case err != nil:
		return err
	case !i.RootAdopted || o.Root != nil || o.DryRun:
		return nil
	case o.ConfirmRoot == nil:
		return fmt.Errorf("%s: %w", i.Root.Subject, ErrRootUnconfirmed)
	}
	return o.ConfirmRoot(ctx, i.Root, i.TrustDomain)
}

// installation is an answer that fits the directory.
type installation struct {
	*Fabric
	Installed
	options InstallOptions
	config  config
	bundle  *secrets.CACerts
	before  []*authority // the CAs that are known here
	others  Exchange     // what the answer has beside the chain
}

// newInstallation holds an answer against the directory.
func (f *Fabric) newInstallation(ctx context.Context, r reader, answer Exchange, o InstallOptions) (*installation, error) {
	i := &installation{Fabric: f, options: o}
	chain, err := i.findChain(r, answer)
	if err != nil {
		return nil, err
	}
	if i.Root, i.Certificate = describe(chain[len(chain)-1]), describe(chain[0]); i.installedBefore(r, chain[0]) {
		return i, nil
	}
	waiting, err := i.findRequest(r, chain[0])
	if err != nil {
		return nil, err
	}
	i.Cluster = waiting.cluster
	if i.before, err = i.authorities(ctx, r, chain[len(chain)-1]); err != nil {
		return nil, err
	}
	if err := i.check(r, chain); err != nil {
		return nil, fmt.Errorf("cluster %s: %w", i.Cluster, err)
	}
	if i.bundle, err = secrets.New(secrets.Options{Key: waiting.key, Chain: chain}); err != nil {
		return nil, fmt.Errorf("cluster %s: %w", i.Cluster, err)
	}
	i.Tolerated = i.bundle.Tolerated()
	i.Action = Created
	if there, err := r.Exists(clusterFolder(i.Cluster)); err != nil || there {
		i.Action = Renewed
		return i, err
	}
	return i, nil
}

// findChain parts the chain from the rest of an answer, and completes it with the root that
// is expected. It leads to that root, or there is none yet.
func (i *installation) findChain(r reader, answer Exchange) ([]*x509.Certificate, error) {
	root, err := i.readRoot(r)
	switch {
	case errors.Is(err, ErrNoRoot):
		i.RootAdopted = true
		root = i.options.Root
	case err != nil:
		return nil, err
	case i.options.Root != nil && !i.options.Root.Equal(root):
		return nil, fmt.Errorf("%s is %s, not the root that was given, %s", i.path(rootCertFile), ca.Describe(root), ca.Describe(i.options.Root))
	}
	chain := leadingChain(answer.Certificates)
	i.others = Exchange{Certificates: answer.Certificates[len(chain):], CRLs: answer.CRLs}
	if root == nil {
		root = chain[len(chain)-1]
	}
	chain = ca.Complete(chain, []*x509.Certificate{root})
	found := ca.VerifyIntermediate(chain, ca.VerifyOptions{Roots: []*x509.Certificate{root}, Now: i.now})
	refused, _ := ca.Tolerate(found)
	if len(refused) > 0 {
		return nil, &ca.RuleError{Op: "the answer, which has to lead to " + ca.Describe(root), Violations: refused}
	}
	return chain, nil
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

// installedBefore finds the answer among the sets that are there.
func (i *installation) installedBefore(r reader, cert *x509.Certificate) bool {
	clusters, err := r.List(clustersFolder)
	if err != nil {
		return false
	}
	for _, cluster := range clusters {
		if has := chainIn(r, clusterFolder(cluster)); len(has) > 0 && has[0].Equal(cert) {
			i.Cluster, i.Action = cluster, Kept
			return i.options.Cluster == "" || i.options.Cluster == cluster
		}
	}
	return false
}

// findRequest finds the request whose key a certificate has.
func (i *installation) findRequest(r reader, cert *x509.Certificate) (*request, error) {
	clusters, err := r.List(requestsFolder)
	if err != nil {
		return nil, err
	}
	var damaged error
	for _, cluster := range clusters {
		waiting, err := i.readRequest(r, cluster)
		switch {
		case err != nil:
			damaged = errors.Join(damaged, err)
		case !ca.MatchKey(waiting.key, cert):
		case i.options.Cluster != "" && i.options.Cluster != cluster:
			return nil, fmt.Errorf("%s has the key of the request of cluster %s, not of %s", ca.Describe(cert), cluster, i.options.Cluster)
		default:
			return waiting, nil
		}
	}
	if damaged != nil {
		return nil, damaged
	}
	return nil, fmt.Errorf("%s: %w: %s", ca.Describe(cert), ErrNoRequest, i.waiting(clusters))
}

func (i *installation) waiting(clusters []string) string {
	if len(clusters) == 0 {
		return "none waits in " + i.Dir()
	}
	return "those that wait are of " + strings.Join(clusters, ", ")
}

// check holds a chain against its cluster and the mesh.
func (i *installation) check(r reader, chain []*x509.Certificate) error {
	cert := chain[0]
	if named := clusterIn(cert.Subject.CommonName, cert.PublicKey); named != "" && named != i.Cluster {
		return fmt.Errorf("%s was signed for cluster %s", ca.Describe(cert), named)
	}
	for _, a := range i.before {
		if bytes.Equal(a.cert.RawSubject, cert.RawSubject) && !ca.SamePublicKey(a.cert.PublicKey, cert.PublicKey) {
			return fmt.Errorf("%s has the name of another CA of the mesh, whose key is another one: no name may be shared by two keys", ca.Describe(cert))
		}
	}
	choose := i.readConfig
	if i.RootAdopted {
		choose = func(reader) (config, error) { return i.adoptedConfig(cert) }
	}
	var err error
	if i.config, err = choose(r); err != nil {
		return err
	}
	i.TrustDomain = i.config.TrustDomain
	var istiod []string
	if i.config.NameConstraints != nil {
		istiod = i.config.NameConstraints.DNSNames
	}
	if refused := permitsMesh(chain, i.TrustDomain, istiod); len(refused) > 0 {
		return &ca.RuleError{Op: "the answer", Violations: refused}
	}
	return nil
}

// adoptedConfig is for a directory that knew nothing of the mesh.
func (i *installation) adoptedConfig(cert *x509.Certificate) (config, error) {
	domain := i.options.TrustDomain
	if uris := cert.PermittedURIDomains; domain == "" && len(uris) == 1 {
		domain = uris[0]
	}
	var names []string
	if len(cert.PermittedURIDomains) > 0 {
		names = cert.PermittedDNSDomains
	}
	return newConfig(domain, names)
}

func (i *installation) publishes() bool {
	return i.config.PublishCRLs || len(i.others.CRLs) > 0
}

// write puts the set of the cluster where it belongs, and all that the answer brings.
func (i *installation) write(c changer) error {
	if i.Action == Renewed {
		if err := c.Retire(clusterFolder(i.Cluster)); err != nil {
			return err
		}
	}
	known, err := i.known()
	if err != nil {
		return fmt.Errorf("the answer: %w", err)
	}
	err = errors.Join(
		c.Retire(requestFolder(i.Cluster)),
		writeCluster(c, i.Cluster, i.bundle),
		i.writeRoot(c),
		i.writeRecords(c, known),
	)
	if err != nil || !i.publishes() {
		return err
	}
	return i.publish(c, known, []string{i.Cluster}, i.options.AllowIncomplete)
}

// known are all CAs that the directory is going to know: those that it knew, the new
// intermediate and those above it, and those that the answer tells of.
func (i *installation) known() ([]*authority, error) {
	chain := i.bundle.Chain()
	loaded, _, err := ca.LoadImported(i.bundle.Key(), chain, i.now)
	if err != nil {
		return nil, err
	}
	made, err := i.newAuthority(i.Cluster, loaded)
	if err != nil {
		return nil, err
	}
	above := make([]*authority, 0, len(chain))
	for _, cert := range chain[1:] {
		above = append(above, &authority{cert: cert})
	}
	known := merge(merge(above, i.before), []*authority{made})
	fresh, err := i.learn(known, i.others)
	if err != nil {
		return nil, err
	}
	known = merge(known, fresh)
	if isRevoked(made, known) {
		return nil, fmt.Errorf("%s is revoked", ca.Describe(made.cert))
	}
	sortAuthorities(known, chain[len(chain)-1])
	return known, nil
}

// writeRecords writes the records that are new, and those that have changed.
func (i *installation) writeRecords(c changer, known []*authority) error {
	for _, a := range known {
		if slices.Contains(i.before, a) {
			if recorded, err := c.Exists(a.file()); err != nil || recorded {
				if err != nil {
					return err
				}
				continue
			}
		}
		if err := putAuthority(c, a); err != nil {
			return err
		}
	}
	return nil
}

// writeRoot writes down a root that is new here, and that CRLs are published if they are.
func (i *installation) writeRoot(c changer) error {
	roots := i.bundle.Roots()
	told := i.config.PublishCRLs
	i.config.PublishCRLs = i.publishes()
	switch {
	case i.RootAdopted:
		return errors.Join(
			c.Write(rootCertFile, ca.MarshalCertificates(roots...), store.Public),
			writeConfig(c, i.config),
		)
	case told != i.config.PublishCRLs:
		return writeConfig(c, i.config)
	}
	return nil
}
