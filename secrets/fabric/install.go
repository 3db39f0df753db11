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
	Publication
	Taken // what the answer says of other CAs
	// Changed reports that there is something new, for a cluster or for the directory.
	Changed bool
	// Tolerated are the chain rules that the CAs above break, with what follows from it.
	Tolerated []*ca.Violation
}

// ErrNoRequest says that no key here waits for a certificate.
var ErrNoRequest = errors.New("no request here has its key")

// ErrRootUnconfirmed says that nobody vouches for the root of an answer.
var ErrRootUnconfirmed = errors.New("the root is not known here, and nobody confirmed it")

// Install takes the answer to a [Fabric.Request]: the chain first, then the certificates and
// CRLs of other CAs if there are any, which it takes as [Fabric.ImportCRLs] does. The certificate
// has to be for the key of a request that waits here, for its cluster, valid, not revoked, and
// lead to the root of the directory, or to one that is confirmed. The key moves from the request
// to the set of the cluster; the request and the set that there was are kept in superseded/. The
// first CRL of the new CA is made, since its key is here. Of an answer that was installed before
// only the rest is taken.
//
// The error is [ErrNoRequest], [ErrRootUnconfirmed], a [*ca.RuleError], a [*RevokedError], a
// [*RequestError], or an [*IncompleteError] where CRLs are published and not all are here.
func (f *Fabric) Install(ctx context.Context, answer Exchange, o InstallOptions) (Installed, error) {
	if o.Cluster != "" {
		if err := CheckCluster(o.Cluster); err != nil {
			return Installed{}, err
		}
	}
	if len(answer.Certificates) == 0 {
		return Installed{}, errors.New("the answer has no certificate")
	}
	i := &installation{Fabric: f, options: o}
	i.chain = leadingChain(answer.Certificates)
	i.others = Exchange{Certificates: answer.Certificates[len(i.chain):], CRLs: answer.CRLs}
	err := f.changeMesh(ctx, meshChange{dryRun: o.DryRun, trust: i.trust, issues: i.look, confirm: i.confirmRoot, make: i.write})
	if err != nil {
		return Installed{}, err
	}
	return i.Installed, nil
}

// installation is one call of Install.
type installation struct {
	*Fabric
	Installed
	options InstallOptions
	chain   []*x509.Certificate
	others  Exchange // what the answer has beside the chain
	bundle  *secrets.CACerts
	taking  *taking
}

// trust is that of the directory, or where it has none, what the answer says. Look decides
// whether that is good, and confirmRoot whether it is wanted.
func (i *installation) trust(r reader) (trust, error) {
	i.Installed = Installed{}
	t, err := i.readTrust(r)
	switch given := i.options.Root; {
	case errors.Is(err, ErrNoRoot):
		i.RootAdopted = true
		if t.root = given; given == nil {
			t.root = i.chain[len(i.chain)-1]
		}
		t.config, err = i.adoptedConfig()
	case err == nil && given != nil && !given.Equal(t.root):
		err = fmt.Errorf("%s is %s, not the root that was given, %s", i.path(rootCertFile), ca.Describe(t.root), ca.Describe(given))
	}
	return t, err
}

// adoptedConfig is for a directory that knew nothing of the mesh.
func (i *installation) adoptedConfig() (config, error) {
	cert, domain := i.chain[0], i.options.TrustDomain
	if uris := cert.PermittedURIDomains; domain == "" && len(uris) == 1 {
		domain = uris[0]
	}
	var names []string
	if len(cert.PermittedURIDomains) > 0 {
		names = cert.PermittedDNSDomains
	}
	c, err := newConfig(domain, names)
	c.PublishCRLs = len(i.others.CRLs) > 0
	return c, err
}

// confirmRoot asks for a root that is new here.
func (i *installation) confirmRoot(ctx context.Context) error {
	switch {
	case !i.RootAdopted || i.options.Root != nil || i.options.DryRun:
		return nil
	case i.options.ConfirmRoot == nil:
		return fmt.Errorf("%s: %w", i.Root.Subject, ErrRootUnconfirmed)
	}
	return i.options.ConfirmRoot(ctx, i.Root, i.TrustDomain)
}

// look holds the answer against the directory. It reports whether the CA that issues has to
// sign.
func (i *installation) look(m *mesh) (signs bool, err error) {
	if i.chain, err = completed(i.chain, m); err != nil {
		return false, err
	}
	i.Root, i.Certificate, i.TrustDomain = describe(m.root), describe(i.chain[0]), m.config.TrustDomain
	if i.installedBefore(m) {
		i.Action = Kept
	} else if err := i.lookAtRequest(m); err != nil {
		return false, err
	}
	if i.taking, err = m.take(i.others); err == nil && i.Action != Kept {
		err = m.wantUnrevoked(i.chain, m.all)
	}
	if err != nil {
		return false, fmt.Errorf("the answer: %w", err)
	}
	return i.taking.signs(), nil
}

// completed adds the root to a chain where it was left out, and expects that it leads there.
func completed(chain []*x509.Certificate, m *mesh) ([]*x509.Certificate, error) {
	roots := []*x509.Certificate{m.root}
	chain = ca.Complete(chain, roots)
	refused, _ := ca.Tolerate(ca.VerifyIntermediate(chain, ca.VerifyOptions{Roots: roots, Now: m.now}))
	if len(refused) > 0 {
		return nil, &ca.RuleError{Op: "the answer, which has to lead to " + ca.Describe(m.root), Violations: refused}
	}
	return chain, nil
}

// lookAtRequest finds the request that is answered, and makes the new CA and those above known.
func (i *installation) lookAtRequest(m *mesh) error {
	waiting, err := i.findRequest(m.c)
	if err != nil {
		return err
	}
	i.Cluster, i.Action = waiting.cluster, Created
	if slices.Contains(m.clusters, i.Cluster) {
		i.Action = Renewed
	}
	err = i.check(m)
	if err == nil {
		i.bundle, err = secrets.New(secrets.Options{Key: waiting.key, Chain: i.chain})
	}
	if err == nil {
		i.Tolerated = i.bundle.Tolerated()
		err = i.addChain(m)
	}
	if err != nil {
		return fmt.Errorf("cluster %s: %w", i.Cluster, err)
	}
	return nil
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
func (i *installation) installedBefore(m *mesh) bool {
	for _, s := range m.sets {
		if s.current() && len(s.chain) > 0 && s.chain[0].Equal(i.chain[0]) {
			i.Cluster = s.cluster
			return i.options.Cluster == "" || i.options.Cluster == s.cluster
		}
	}
	return false
}

// findRequest finds the request whose key a certificate has.
func (i *installation) findRequest(r reader) (*request, error) {
	cert := i.chain[0]
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

// check holds the chain against its cluster and the mesh.
func (i *installation) check(m *mesh) error {
	cert := i.chain[0]
	if named := clusterIn(cert.Subject.CommonName, cert.PublicKey); named != "" && named != i.Cluster {
		return fmt.Errorf("%s was signed for cluster %s", ca.Describe(cert), named)
	}
	var istiod []string
	if m.config.NameConstraints != nil {
		istiod = m.config.NameConstraints.DNSNames
	}
	if refused := permitsMesh(i.chain, i.TrustDomain, istiod); len(refused) > 0 {
		return &ca.RuleError{Op: "the answer", Violations: refused}
	}
	return nil
}

// addChain makes the chain known, and the first CRL of the new CA. What was decided about the
// CA before its answer came holds.
func (i *installation) addChain(m *mesh) error {
	for _, cert := range i.chain[1:] {
		if err := m.know("", cert); err != nil {
			return err
		}
	}
	if err := m.know(i.Cluster, i.chain[0]); err != nil {
		return err
	}
	a := m.known.byKey[keyID(i.chain[0])]
	a.cluster = i.Cluster
	m.touch(a)
	if a.crl != nil {
		return nil
	}
	loaded, _, err := ca.LoadImported(i.bundle.Key(), i.chain, i.now)
	if err != nil {
		return err
	}
	return m.firstCRL(a, loaded)
}

// write puts the set of the cluster where it belongs, and all that the answer brings.
func (i *installation) write(ctx context.Context, m *mesh) error {
	if err := i.taking.finish(ctx); err != nil {
		return err
	}
	defer func() { i.Changed = m.c.changed.Load() }()
	i.Taken = i.taking.Taken
	var written []string
	if i.Action != Kept {
		written = []string{i.Cluster}
		if err := i.writeSet(m); err != nil {
			return err
		}
	}
	defer func() { i.Publication = m.publication(i.Cluster) }()
	if !m.config.PublishCRLs && len(i.others.CRLs) == 0 {
		return m.record()
	}
	return m.save(written, i.options.AllowIncomplete)
}

// writeSet writes the set of the cluster, and a root that is new here.
func (i *installation) writeSet(m *mesh) error {
	if i.Action == Renewed {
		if err := m.c.Retire(clusterFolder(i.Cluster)); err != nil {
			return err
		}
	}
	err := errors.Join(m.c.Retire(requestFolder(i.Cluster)), writeCluster(m.c, i.Cluster, i.bundle))
	if err != nil || !i.RootAdopted {
		return err
	}
	return errors.Join(
		m.c.Write(rootCertFile, ca.MarshalCertificates(m.root), store.Public),
		writeConfig(m.c, m.config),
	)
}
