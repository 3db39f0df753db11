package e2e_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"maps"
	"testing"
)

// unusualBundles are valid, or nearly so, but the program does not create them.
func unusualBundles() []bundle {
	return []bundle{
		{name: "ca-key.pem is a SEC 1 key", files: with("ca-key.pem", sec1)},
		{name: "ca-key.pem is a PKCS #1 key", files: pkcs1},
		{name: "every line ends in CR LF", files: windows},
		{name: "ca-cert.pem has the root as well", files: with("ca-cert.pem", certs(ourIntermediate, ourRoot))},
		{name: "tls.crt is beside the files of another mesh", files: bothForms},
		{name: "the root is the CA", files: func(t *testing.T, m *mesh) bundleFiles { return m.root.files(t) }},
		{name: "an Ed25519 key", files: keyed(ed25519Key)},
		{name: "a P-521 key", files: keyed(p521Key)},
		{
			name:  "an RSA key of 1024 bits",
			files: keyed(rsa1024Key),
			fails: []step{rustls}, because: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
		},
	}
}

func ed25519Key() (crypto.Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return key, err
}

func p521Key() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P521(), rand.Reader) }

func rsa1024Key() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 1024) }

func sec1(t *testing.T, m *mesh) []byte {
	der, err := x509.MarshalECPrivateKey(m.clusters["east"].key.(*ecdsa.PrivateKey))
	if err != nil {
		t.Fatal(err)
	}
	return encode("EC PRIVATE KEY", der)
}

func pkcs1(t *testing.T, m *mesh) bundleFiles {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	f := keyed(func() (crypto.Signer, error) { return key, nil })(t, m)
	f["ca-key.pem"] = encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
	return f
}

func windows(t *testing.T, m *mesh) bundleFiles {
	f := eastBundle(t, m)
	for name, data := range f {
		f[name] = bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n"))
	}
	return f
}

func bothForms(t *testing.T, m *mesh) bundleFiles {
	f := tlsForm(t, m)
	maps.Copy(f, eastBundle(t, stranger(t)))
	return f
}
