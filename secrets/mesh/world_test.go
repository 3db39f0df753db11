package mesh_test

import (
	"crypto/x509"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/mesh"
)

const day = 24 * time.Hour

// signer is a CA with the key that [catest.Key] makes of a name.
type signer struct {
	key   string
	chain []*x509.Certificate
}

// newRoot makes a root two years before [catest.Now], so that an intermediate below it can have
// expired.
func newRoot(t testing.TB, key string) signer {
	t.Helper()
	root := catest.Must(ca.NewRoot(ca.RootOptions{Key: catest.Key(key), CommonName: key, Organization: catest.Organization, Now: catest.After(-730 * day)}))(t)
	return signer{key, root.Chain()}
}

func (s signer) cert() *x509.Certificate { return s.chain[0] }

// at is the CA as it was some days before [catest.Now].
func (s signer) at(t testing.TB, days int) *ca.Authority {
	t.Helper()
	return catest.Must(ca.Load(catest.Key(s.key), s.chain, catest.After(-time.Duration(days)*day)))(t)
}

// issue makes a CA below this one some days before [catest.Now].
func (s signer) issue(t testing.TB, key, name string, days int, o ca.IntermediateOptions) signer {
	t.Helper()
	cert := catest.Issue(t, s.at(t, days), catest.Must(ca.Intermediate(o))(t), ca.Request{PublicKey: catest.Key(key).Public(), CommonName: name})
	return signer{key, append([]*x509.Certificate{cert}, s.chain...)}
}

// cluster makes the intermediate of a cluster, whose name is that of its key.
func (s signer) cluster(t testing.TB, name string) signer {
	t.Helper()
	return s.issue(t, name, name, 10, ca.IntermediateOptions{})
}

// sign makes a CRL of the CA.
func (s signer) sign(t testing.TB, o ca.CRLOptions) *x509.RevocationList {
	t.Helper()
	return catest.Must(s.at(t, 0).CRL(o))(t)
}

// crl makes a CRL of the CA, with the reason "superseded" in each entry.
func (s signer) crl(t testing.TB, number int64, revoked ...*x509.Certificate) *x509.RevocationList {
	t.Helper()
	return s.sign(t, ca.CRLOptions{Number: big.NewInt(number), Revoked: entries(revoked...)})
}

func entries(revoked ...*x509.Certificate) []x509.RevocationListEntry {
	var all []x509.RevocationListEntry
	for _, cert := range revoked {
		all = append(all, x509.RevocationListEntry{SerialNumber: cert.SerialNumber, RevocationTime: catest.Now(), ReasonCode: int(mesh.ReasonSuperseded)})
	}
	return all
}

// record is a CA as it was recorded. Its CRL may be nil.
func record(t testing.TB, cluster string, list *x509.RevocationList, certs ...*x509.Certificate) *mesh.CA {
	t.Helper()
	return catest.Must(mesh.LoadCA(cluster, certs, list, catest.Now()))(t)
}

// bundleOf is the current CA bundle of a cluster.
func bundleOf(cluster string, s signer) mesh.Bundle {
	return mesh.Bundle{Cluster: cluster, Path: "clusters/" + cluster, Current: true, Chain: s.chain}
}

// contents are those of a place with the CA that issues and recorded CAs.
func contents(issuing signer, recorded ...*mesh.CA) mesh.Contents {
	return mesh.Contents{Settings: mesh.Settings{TrustDomain: "mesh.example.com"}, Issuing: issuing.chain, Recorded: recorded}
}

// withBundles adds current CA bundles to a place.
func withBundles(c mesh.Contents, bundles ...mesh.Bundle) mesh.Contents {
	for _, b := range bundles {
		c.Bundles = append(c.Bundles, b)
		if b.Current {
			c.Clusters = append(c.Clusters, b.Cluster)
		}
	}
	return c
}

func newMesh(c mesh.Contents) *mesh.Mesh { return mesh.New(c, catest.Now()) }

// subjects are the names of CAs without the tags of their keys.
func subjects(all []*mesh.CA) []string {
	var names []string
	for _, a := range all {
		names = append(names, untagged(a.Certificate()))
	}
	return names
}

func untagged(cert *x509.Certificate) string {
	return cert.Subject.CommonName[:len(cert.Subject.CommonName)-len(" 123456")]
}

// typeOf is the type of an error, empty for nil.
func typeOf(err error) string {
	if err == nil {
		return ""
	}
	return fmt.Sprintf("%T", err)
}
