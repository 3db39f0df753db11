package e2e_test

import (
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"testing"
	"time"
)

// bundlesWithLists have CRLs. Only istiod sees them: the libraries that judge its certificates
// do not get them.
func bundlesWithLists() []bundle {
	const name = "ca-crl.pem"
	return []bundle{
		{name: name + " has a CRL of each CA", files: with(name, lists(listOfRoot(), listOfIntermediate))},
		{name: name + " revokes the intermediate", files: with(name, lists(listOfRoot(ourIntermediate), listOfIntermediate))},
		{
			name:  name + " has no CRL of the intermediate",
			files: with(name, listOfRoot()),
			fails: []step{starts}, because: "missing CRL signed by certificates: [CN=east",
		},
		{
			name:  name + " has no CRL of the root",
			files: with(name, listOfIntermediate),
			fails: []step{starts}, because: "missing CRL signed by certificates: [CN=root",
		},
		{
			name: name + " has no CRL of the root, beside tls.crt",
			files: func(t *testing.T, m *mesh) bundleFiles {
				f := tlsForm(t, m)
				f[name] = listOfIntermediate(t, m)
				return f
			},
		},
	}
}

// lists concatenates CRLs.
func lists(each ...file) file {
	return func(t *testing.T, m *mesh) []byte {
		var all []byte
		for _, list := range each {
			all = append(all, list(t, m)...)
		}
		return all
	}
}

func listOfIntermediate(t *testing.T, m *mesh) []byte { return m.clusters["east"].revoke(t) }

// listOfRoot is a CRL of the root that revokes these certificates.
func listOfRoot(revoked ...pick) file {
	return func(t *testing.T, m *mesh) []byte {
		var certs []*x509.Certificate
		for _, p := range revoked {
			certs = append(certs, p(t, m))
		}
		return m.root.revoke(t, certs...)
	}
}

// revoke returns a CRL of the authority with these certificates, in PEM.
func (a *authority) revoke(t *testing.T, certs ...*x509.Certificate) []byte {
	t.Helper()
	list := &x509.RevocationList{
		Number:     big.NewInt(1),
		ThisUpdate: time.Now().Add(-time.Minute),
		NextUpdate: time.Now().Add(time.Hour),
	}
	for _, cert := range certs {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries,
			x509.RevocationListEntry{SerialNumber: cert.SerialNumber, RevocationTime: list.ThisUpdate})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, a.cert, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return encode("X509 CRL", der)
}
