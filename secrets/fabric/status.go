package fabric

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/store"
	"github.com/trustgen/trustgen/secrets"
)

// Certificate is what people want to know of a CA at a glance.
type Certificate struct {
	// Subject is the common name, tag included.
	Subject string
	// KeyType is none of [ca.KeyTypes] where a CA was made elsewhere with another key,
	// for example "RSA-2048".
	KeyType   ca.KeyType
	NotBefore time.Time
	NotAfter  time.Time
	// Fingerprint is the SHA-256 of the certificate in hexadecimal.
	Fingerprint string
}

func describe(cert *x509.Certificate) Certificate {
	sum := sha256.Sum256(cert.Raw)
	return Certificate{
		Subject:     ca.Describe(cert),
		KeyType:     ca.KeyType(ca.DescribeKey(cert.PublicKey)),
		NotBefore:   cert.NotBefore,
		NotAfter:    cert.NotAfter,
		Fingerprint: hex.EncodeToString(sum[:]),
	}
}

// State is how a CA stands.
type State string

// The states of a CA.
const (
	Valid    State = "valid"
	RenewDue State = "renew-due" // less than a third of its life is left
	Expired  State = "expired"
	Damaged  State = "damaged" // its files cannot be used
)

// State is [Valid], [RenewDue] or [Expired].
func (c Certificate) State(now time.Time) State {
	switch left := c.NotAfter.Sub(now); {
	case left < 0:
		return Expired
	case left < c.NotAfter.Sub(c.NotBefore)/3:
		return RenewDue
	}
	return Valid
}

// Cluster is a cluster as the directory has it.
type Cluster struct {
	Name        string
	Certificate Certificate
	// Elsewhere reports that the certificate was signed here, or its CRL came here, and
	// that its key is in another directory.
	Elsewhere bool
	// Err is a [*DamagedError] when the set cannot be used; there is no
	// certificate then.
	Err error
}

// State is that of the certificate, or [Damaged].
func (c Cluster) State(now time.Time) State {
	if c.Err != nil {
		return Damaged
	}
	return c.Certificate.State(now)
}

// Status is all that the directory holds.
type Status struct {
	TrustDomain string
	// Constraints are the name constraints of what is issued, nil where there are none.
	Constraints *ca.NameConstraints
	Root        Certificate
	Issuing     *Certificate // the CA below the root that issues; nil where the root does
	Clusters    []Cluster    // sorted by name; one with two keys stands there twice
	Requests    []Request    // sorted by cluster
}

// Request is a request that waits for its answer.
type Request struct {
	Cluster string
	Key     PublicKey
	// Err is a [*RequestError] when it cannot be used; there is no key then.
	Err error
}

// Status reads the root, every cluster, and every request that waits. A damaged one does
// not hide the others. A directory without a root is [ErrNoRoot], but for requests.
func (f *Fabric) Status(ctx context.Context) (Status, error) {
	var status Status
	err := f.store.View(ctx, func(s *store.Snapshot) (err error) {
		if status.Requests, err = f.pending(s); err != nil {
			return err
		}
		root, err := f.readRoot(s)
		if err != nil {
			return err
		}
		config, err := f.readConfig(s)
		if err != nil {
			return err
		}
		status.TrustDomain, status.Constraints, status.Root = config.TrustDomain, config.constraints(), describe(root)
		issuing, err := f.readIssuing(s, root)
		if err != nil {
			return err
		}
		if len(issuing) > 1 {
			below := describe(issuing[0])
			status.Issuing = &below
		}
		status.Clusters, err = f.clusters(ctx, s, root)
		return err
	})
	return status, err
}

// clusters are those that have a set here, and those whose key is elsewhere.
func (f *Fabric) clusters(ctx context.Context, r reader, root *x509.Certificate) ([]Cluster, error) {
	names, err := r.List(clustersFolder)
	if err != nil {
		return nil, err
	}
	all, err := f.authorities(ctx, r, root)
	if err != nil {
		return nil, err
	}
	newest := newestOf(all)
	var clusters []Cluster
	for _, name := range names {
		c := f.inspect(r, root, name)
		clusters = append(clusters, c)
		if a := newest[name]; a != nil && (c.Err != nil || !a.cert.NotBefore.After(c.Certificate.NotBefore)) {
			delete(newest, name)
		}
	}
	for name, a := range newest {
		clusters = append(clusters, Cluster{Name: name, Certificate: describe(a.cert), Elsewhere: true})
	}
	slices.SortStableFunc(clusters, func(a, b Cluster) int { return strings.Compare(a.Name, b.Name) })
	return clusters, nil
}

// pending are the requests that wait.
func (f *Fabric) pending(r reader) ([]Request, error) {
	names, err := r.List(requestsFolder)
	if err != nil {
		return nil, err
	}
	var requests []Request
	for _, name := range names {
		q, err := f.readRequest(r, name)
		if err != nil {
			requests = append(requests, Request{Cluster: name, Err: err})
			continue
		}
		requests = append(requests, Request{Cluster: name, Key: describeKey(q.csr)})
	}
	return requests, nil
}

func (f *Fabric) inspect(r reader, root *x509.Certificate, name string) Cluster {
	bundle, err := f.readCluster(r, name)
	if err == nil {
		err = f.checkRoot(bundle, root, name)
	}
	if err != nil {
		return Cluster{Name: name, Err: err}
	}
	return Cluster{Name: name, Certificate: describe(bundle.Certificate())}
}

// checkRoot refuses a set that leads to another root than that of the fabric.
func (f *Fabric) checkRoot(bundle *secrets.CACerts, root *x509.Certificate, cluster string) error {
	chain := bundle.Chain()
	if last := chain[len(chain)-1]; !last.Equal(root) {
		return &DamagedError{
			Dir:     f.Dir(),
			Cluster: cluster,
			Err:     &ca.Violation{Rule: ca.RuleTrustedRoot, Cert: last, Detail: "is not the root of this fabric, " + ca.Describe(root)},
		}
	}
	return nil
}

// Bundle reads the set of a cluster. A cluster that the directory does not have is an
// [*UnknownClusterError], or says where its key is: [*PendingRequestError] and
// [*ElsewhereError]. A set that cannot be used is a [*DamagedError].
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
		return f.checkRoot(bundle, root, cluster)
	})
	if err != nil {
		return nil, err
	}
	return bundle, nil
}
