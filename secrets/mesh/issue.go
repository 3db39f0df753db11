package mesh

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// ErrKeyInUse says that the key of a request belongs to another CA of the mesh, or to one that
// must not be used again.
var ErrKeyInUse = errors.New("the key of the request cannot be certified")

// minDefaultLifetime is the least that an intermediate lives for which no end was requested: a
// day is what the certificates of workloads need, and whoever replaces the issuer.
const minDefaultLifetime = 24 * time.Hour

// IntermediateEnd is the end of a new intermediate: the requested one, which is never cut, or
// [ca.DefaultIntermediateLifetime] from now, cut to the end of its issuer. If that leaves less
// than 24 hours the error is a [*ca.LifetimeError].
func (m *Mesh) IntermediateEnd(requested time.Time) (time.Time, error) {
	issuer := m.Issuing[0]
	end := m.Now.Add(ca.DefaultIntermediateLifetime)
	switch least := m.Now.Add(minDefaultLifetime); {
	case !requested.IsZero():
		return requested, nil
	case !end.After(issuer.NotAfter):
		return end, nil
	case least.After(issuer.NotAfter):
		return time.Time{}, &ca.LifetimeError{Asked: least, Longest: issuer.NotAfter, Issuer: ca.Describe(issuer)}
	}
	return issuer.NotAfter, nil
}

// KeyTypeBelow is the type of new keys below a CA: the same, or [ca.RSA3072] below an RSA key
// of another size than 4096 bits.
func KeyTypeBelow(issuer *x509.Certificate) (ca.KeyType, error) {
	key := issuer.PublicKey
	if _, ok := key.(*rsa.PublicKey); ok && ca.DescribeKey(key) != string(ca.RSA4096) {
		return ca.RSA3072, nil
	}
	return ca.KeyTypeOf(key)
}

// CheckIssuing refuses to issue below a CA that is revoked: the one that issues, or one above
// it. The error is a [*RevokedError].
func (m *Mesh) CheckIssuing() error { return m.CheckUnrevoked(m.Issuing) }

// CheckRequestKey compares the key of a request with those of all CAs. It returns the CA that
// has the key if that is a valid intermediate of the cluster, and nil for a new key. A key that
// is in other hands or must not be used again, and a key whose tag is that of another one, are
// [ErrKeyInUse]. Subject is the tagged name that the key would get.
func (m *Mesh) CheckRequestKey(cluster, subject string, key crypto.PublicKey) (*CA, error) {
	for _, a := range m.cas {
		switch cert := a.Certificate(); {
		case ca.SamePublicKey(cert.PublicKey, key):
			if reason := m.whyInUse(a, cluster); reason != "" {
				return nil, fmt.Errorf("%w: %s", ErrKeyInUse, reason)
			}
			return a, nil
		case cert.Subject.CommonName == subject:
			return nil, fmt.Errorf("%w: its tag is that of another key, %s", ErrKeyInUse, ca.Describe(cert))
		}
	}
	return nil, nil
}

// whyInUse is why the key of a CA cannot be certified for a cluster; empty if it can.
func (m *Mesh) whyInUse(a *CA, cluster string) string {
	name := ca.Describe(a.Certificate())
	switch {
	case a.Cluster == "":
		return fmt.Sprintf("it is the key of %s, which is not an intermediate of a cluster", name)
	case a.Cluster != cluster:
		return fmt.Sprintf("it is the key of %s, an intermediate of cluster %s", name, a.Cluster)
	case !a.Retired.IsZero():
		return fmt.Sprintf("%s has it, and left the mesh", name)
	case a.Pending != nil || m.IsRevoked(a):
		return fmt.Sprintf("%s has it, and is revoked", name)
	case a.Ended(m.Now):
		return fmt.Sprintf("%s had it, and expired at %s", name, a.Certificate().NotAfter.UTC().Format(time.RFC3339))
	}
	return ""
}

// CrossCertificate finds a valid cross-certificate of a root by the root of this mesh that
// permits exactly one trust domain, or all for an empty one. A zero end means any end.
func (m *Mesh) CrossCertificate(root *x509.Certificate, trustDomain string, end time.Time) *x509.Certificate {
	a := m.CA(root)
	if a == nil || a.Cluster != "" {
		return nil
	}
	for _, cert := range a.Certificates() {
		ends := end.IsZero() || end.UTC().Truncate(time.Second).Equal(cert.NotAfter)
		if ends && cert.NotAfter.After(m.Now) && permitsExactly(cert, trustDomain) && !cert.Equal(m.Root) && cert.CheckSignatureFrom(m.Root) == nil {
			return cert
		}
	}
	return nil
}

func permitsExactly(cert *x509.Certificate, trustDomain string) bool {
	uris := cert.PermittedURIDomains
	if trustDomain == "" {
		return len(uris) == 0
	}
	return len(uris) == 1 && uris[0] == trustDomain
}
