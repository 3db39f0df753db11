package fabric

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
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
	Root        Certificate
	Issuing     *Certificate // the CA below the root that issues; nil where the root does
	Clusters    []Cluster    // sorted by name
}

// Status reads the root and every cluster. A damaged cluster does not hide the
// others. A directory without a root is [ErrNoRoot].
func (f *Fabric) Status(ctx context.Context) (Status, error) {
	var status Status
	err := f.store.View(ctx, func(s *store.Snapshot) error {
		root, err := f.readRoot(s)
		if err != nil {
			return err
		}
		config, err := f.readConfig(s)
		if err != nil {
			return err
		}
		status.TrustDomain, status.Root = config.TrustDomain, describe(root)
		issuing, err := f.readIssuing(s, root)
		if err != nil {
			return err
		}
		if len(issuing) > 1 {
			below := describe(issuing[0])
			status.Issuing = &below
		}
		names, err := s.List(clustersFolder)
		if err != nil {
			return err
		}
		for _, name := range names {
			status.Clusters = append(status.Clusters, f.inspect(s, root, name))
		}
		return nil
	})
	return status, err
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

// Bundle reads the set of a cluster. A cluster that the directory does not have is
// an [*UnknownClusterError], a set that cannot be used a [*DamagedError].
func (f *Fabric) Bundle(ctx context.Context, cluster string) (*secrets.CACerts, error) {
	if err := CheckCluster(cluster); err != nil {
		return nil, err
	}
	var bundle *secrets.CACerts
	err := f.store.View(ctx, func(s *store.Snapshot) error {
		root, err := f.readRoot(s)
		if err != nil {
			return err
		}
		if bundle, err = f.readCluster(s, cluster); err != nil {
			return err
		}
		return f.checkRoot(bundle, root, cluster)
	})
	if err != nil {
		return nil, err
	}
	return bundle, nil
}
