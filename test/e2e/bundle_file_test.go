package e2e_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"os/exec"
	"slices"
	"testing"
)

// A file returns the content of a file for cluster east of a mesh.
type file func(t *testing.T, m *mesh) []byte

// A pick selects one certificate of a mesh.
type pick func(t *testing.T, m *mesh) *x509.Certificate

func ourRoot(_ *testing.T, m *mesh) *x509.Certificate         { return m.root.cert }
func ourIntermediate(_ *testing.T, m *mesh) *x509.Certificate { return m.clusters["east"].cert }
func otherRoot(t *testing.T, _ *mesh) *x509.Certificate       { return stranger(t).root.cert }

// namesakeOfRoot returns a root with the name of the mesh root and a key of its own.
func namesakeOfRoot(t *testing.T, m *mesh) *x509.Certificate {
	key := newKey(t)
	cert := *m.root.cert
	cert.PublicKey, cert.SubjectKeyId = key.Public(), nil
	return (&authority{cert: &cert, key: key}).reissue(t, &cert, func(*x509.Certificate) {})
}

// certs returns the certificates in this order.
func certs(picks ...pick) file {
	return func(t *testing.T, m *mesh) []byte {
		var picked []*x509.Certificate
		for _, p := range picks {
			picked = append(picked, p(t, m))
		}
		return concat(picked...)
	}
}

// joined removes the line break between two PEM blocks, as cat does with files that lack a final
// newline.
func joined(blocks file) file {
	return func(t *testing.T, m *mesh) []byte {
		return bytes.ReplaceAll(blocks(t, m), []byte("-----\n-----"), []byte("----------"))
	}
}

// commented adds a line above each block.
func commented(blocks file) file {
	return func(t *testing.T, m *mesh) []byte {
		return bytes.ReplaceAll(blocks(t, m), []byte("-----BEGIN"), []byte("# one of ours\n-----BEGIN"))
	}
}

// marked adds the byte order mark with which editors on Windows begin UTF-8.
func marked(blocks file) file {
	return func(t *testing.T, m *mesh) []byte { return slices.Concat([]byte("\ufeff"), blocks(t, m)) }
}

func otherKey(t *testing.T, m *mesh) []byte { return encodeKey(t, m.clusters["west"].key) }

// encryptedKey returns the key, encrypted with a password.
func encryptedKey(t *testing.T, m *mesh) []byte {
	cmd := exec.CommandContext(t.Context(), "openssl", "pkcs8", "-topk8", "-passout", "pass:secret")
	cmd.Stdin = bytes.NewReader(encodeKey(t, m.clusters["east"].key))
	pem, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", cmd, err)
	}
	return pem
}

// concat returns the certificates in PEM.
func concat(certs ...*x509.Certificate) []byte {
	var all []byte
	for _, cert := range certs {
		all = append(all, encode("CERTIFICATE", cert.Raw)...)
	}
	return all
}

func encodeKey(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return encode("PRIVATE KEY", der)
}
