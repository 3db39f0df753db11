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

// makeFiles makes them for cluster east of a mesh.
type makeFiles func(t *testing.T, m *mesh) bundleFiles

// files are the authority as istiod reads it.
func (a *authority) files(t *testing.T) bundleFiles {
	t.Helper()
	return bundleFiles{
		"ca-cert.pem":    concat(a.cert),
		"ca-key.pem":     encodeKey(t, a.key),
		"cert-chain.pem": a.chain,
		"root-cert.pem":  a.roots,
	}
}

// eastBundle is what the program made.
func eastBundle(t *testing.T, m *mesh) bundleFiles { return m.clusters["east"].files(t) }

// tlsForm is the same as cert-manager names it.
func tlsForm(t *testing.T, m *mesh) bundleFiles {
	f := eastBundle(t, m)
	return bundleFiles{"tls.crt": f["ca-cert.pem"], "tls.key": f["ca-key.pem"], "ca.crt": f["root-cert.pem"]}
}

// stranger is a mesh with a root of its own.
func stranger(t *testing.T) *mesh {
	t.Helper()
	return newMesh(t, "P-256", "east")
}

// with is the program's bundle with a file replaced or added.
func with(name string, content file) makeFiles {
	return func(t *testing.T, m *mesh) bundleFiles {
		f := eastBundle(t, m)
		f[name] = content(t, m)
		return f
	}
}

// without is a bundle that lacks a file.
func without(name string, files makeFiles) makeFiles {
	return func(t *testing.T, m *mesh) bundleFiles {
		f := maps.Clone(files(t, m))
		delete(f, name)
		return f
	}
}

// spoilt is the program's bundle with the intermediate changed, which the
// root signs again.
func spoilt(change func(*x509.Certificate)) makeFiles {
	return func(t *testing.T, m *mesh) bundleFiles {
		east := *m.clusters["east"]
		east.cert = m.root.reissue(t, east.cert, change)
		east.chain = concat(east.cert, m.root.cert)
		return east.files(t)
	}
}

// keyed is the program's bundle with another key, whose intermediate the root
// signs.
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

// reissue signs a copy of a certificate that differs in what change does.
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
