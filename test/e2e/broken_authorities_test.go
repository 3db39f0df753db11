package e2e_test

import (
	"crypto/x509"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/verifiers"
)

// brokenAuthorities are bundles with the right files and a defective certificate. If istiod
// starts, its own certificate is the first to show the defect.
func brokenAuthorities() []bundle {
	return []bundle{
		{
			name:  "a leaf is the CA",
			files: leafAsCA,
			fails: []step{starts}, because: "certificate is not authorized to sign other certificates",
		},
		{
			name:  "the intermediate is not a CA",
			files: spoilt(func(c *x509.Certificate) { c.IsCA, c.MaxPathLen, c.MaxPathLenZero = false, 0, false }),
			fails: []step{starts}, because: "certificate is not authorized to sign other certificates",
		},
		{
			name:  "the intermediate may not sign certificates",
			files: spoilt(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }),
			fails: []step{serves}, because: "parent certificate cannot sign this kind of certificate",
		},
		{
			name:  "the intermediate is for client authentication alone",
			files: spoilt(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }),
			fails: []step{starts}, because: "certificate specifies an incompatible key usage",
		},
		{
			name:  "the intermediate is beyond path length 0",
			files: beyondPathLength,
			fails: []step{serves}, because: "too many intermediates for path length constraint",
		},
		{
			name: "the intermediate is for other DNS names alone",
			files: spoilt(func(c *x509.Certificate) {
				c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"example.com"}
			}),
			fails: []step{serves}, because: "is not permitted by any constraint",
		},
		{
			name: "the intermediate is for the trust domain alone",
			files: spoilt(func(c *x509.Certificate) {
				c.PermittedDNSDomainsCritical, c.PermittedURIDomains = true, []string{"cluster.local"}
			}),
			fails: []step{rustls}, because: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
		},
		{
			name:  "everything is of another mesh",
			files: func(t *testing.T, _ *mesh) bundleFiles { return eastBundle(t, stranger(t)) },
			fails: []step{talksAcross}, because: "certificate signed by unknown authority",
		},
	}
}

// outdatedAuthorities are bundles with a certificate that begins or ends at the wrong time.
func outdatedAuthorities() []bundle {
	return []bundle{
		{
			name:  "the intermediate has expired",
			files: spoilt(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) }),
			fails: []step{starts}, because: "certificate has expired or is not yet valid",
		},
		{
			name:  "the intermediate is not yet valid",
			files: spoilt(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }),
			fails: []step{starts}, because: "certificate has expired or is not yet valid",
		},
		{
			name:  "the intermediate ends before the certificates of its workloads",
			files: spoilt(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(time.Hour) }),
		},
		{
			name:  "the intermediate outlives its root",
			files: outlivesRoot,
			fails: []step{lasts}, because: "the certificate ends at",
		},
	}
}

func leafAsCA(t *testing.T, m *mesh) bundleFiles {
	east, key := m.clusters["east"], newKey(t)
	leaf := east.sign(t, key.Public(), leafTemplate(verifiers.Client))
	return (&authority{cert: leaf, key: key, chain: concat(leaf, east.cert, m.root.cert), roots: m.root.roots}).files(t)
}

// outlivesRoot shortens the validity of the root to an hour.
func outlivesRoot(t *testing.T, m *mesh) bundleFiles {
	short := m.root.reissue(t, m.root.cert, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(time.Hour) })
	f := eastBundle(t, m)
	f["cert-chain.pem"], f["root-cert.pem"] = concat(m.clusters["east"].cert, short), concat(short)
	return f
}

func beyondPathLength(t *testing.T, m *mesh) bundleFiles {
	return m.clusters["east"].subordinate(t, intermediateTemplate(0)).files(t)
}
