package e2e_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"maps"
	"testing"
)

// bundleFiles are the files of Secret cacerts.
type bundleFiles map[string][]byte

// makeFiles returns the files for cluster east of a mesh.
type makeFiles func(t *testing.T, m *mesh) bundleFiles

// files returns the authority as istiod reads it.
func (a *authority) files(t *testing.T) bundleFiles {
	t.Helper()
	return bundleFiles{
		"ca-cert.pem":    concat(a.cert),
		"ca-key.pem":     encodeKey(t, a.key),
		"cert-chain.pem": a.chain,
		"root-cert.pem":  a.roots,
	}
}

// eastBundle returns the CA bundle that the program created.
func eastBundle(t *testing.T, m *mesh) bundleFiles { return m.clusters["east"].files(t) }

// tlsForm returns the same files under the names that cert-manager uses.
func tlsForm(t *testing.T, m *mesh) bundleFiles {
	f := eastBundle(t, m)
	return bundleFiles{"tls.crt": f["ca-cert.pem"], "tls.key": f["ca-key.pem"], "ca.crt": f["root-cert.pem"]}
}

// stranger returns a mesh with its own root.
func stranger(t *testing.T) *mesh {
	t.Helper()
	return newMesh(t, "P-256", "east")
}

// with replaces a file of the CA bundle, or adds it.
func with(name string, content file) makeFiles {
	return func(t *testing.T, m *mesh) bundleFiles {
		f := eastBundle(t, m)
		f[name] = content(t, m)
		return f
	}
}

// without removes a file of the CA bundle.
func without(name string, files makeFiles) makeFiles {
	return func(t *testing.T, m *mesh) bundleFiles {
		f := maps.Clone(files(t, m))
		delete(f, name)
		return f
	}
}

// spoilt changes the intermediate in the CA bundle. The root signs it again.
func spoilt(change func(*x509.Certificate)) makeFiles {
	return func(t *testing.T, m *mesh) bundleFiles {
		east := *m.clusters["east"]
		east.cert = m.root.reissue(t, east.cert, change)
		east.chain = concat(east.cert, m.root.cert)
		return east.files(t)
	}
}

// keyed replaces the key in the CA bundle. The root signs an intermediate for it.
func keyed(newKey func() (crypto.Signer, error)) makeFiles {
	return func(t *testing.T, m *mesh) bundleFiles {
		key, err := newKey()
		if err != nil {
			t.Fatal(err)
		}
		f := spoilt(func(c *x509.Certificate) { c.PublicKey, c.SubjectKeyId = key.Public(), nil })(t, m)
		f["ca-key.pem"] = encodeKey(t, key)
		return f
	}
}

// reissue signs a changed copy of a certificate.
func (a *authority) reissue(t *testing.T, cert *x509.Certificate, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	template := *cert
	template.SignatureAlgorithm = x509.UnknownSignatureAlgorithm
	change(&template)
	der, err := x509.CreateCertificate(rand.Reader, &template, a.cert, template.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	reissued, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return reissued
}
