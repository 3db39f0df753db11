package e2e_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"os/exec"
	"slices"
	"testing"
)

// A file is the content of one, made for cluster east of a mesh.
type file func(t *testing.T, m *mesh) []byte

// A pick is one of the certificates in the files.
type pick func(t *testing.T, m *mesh) *x509.Certificate

func ourRoot(_ *testing.T, m *mesh) *x509.Certificate         { return m.root.cert }
func ourIntermediate(_ *testing.T, m *mesh) *x509.Certificate { return m.clusters["east"].cert }
func otherRoot(t *testing.T, _ *mesh) *x509.Certificate       { return stranger(t).root.cert }

// namesakeOfRoot is a root under the same name with a key of its own.
func namesakeOfRoot(t *testing.T, m *mesh) *x509.Certificate {
	key := newKey(t)
	cert := *m.root.cert
	cert.PublicKey, cert.SubjectKeyId = key.Public(), nil
	return (&authority{cert: &cert, key: key}).reissue(t, &cert, func(*x509.Certificate) {})
}

// certs has these certificates in this order.
func certs(picks ...pick) file {
	return func(t *testing.T, m *mesh) []byte {
		var picked []*x509.Certificate
		for _, p := range picks {
			picked = append(picked, p(t, m))
		}
		return concat(picked...)
	}
}

// joined makes one line of two, as cat does with files that do not end in a
// newline.
func joined(blocks file) file {
	return func(t *testing.T, m *mesh) []byte {
		return bytes.ReplaceAll(blocks(t, m), []byte("-----\n-----"), []byte("----------"))
	}
}

// commented has a line above each block.
func commented(blocks file) file {
	return func(t *testing.T, m *mesh) []byte {
		return bytes.ReplaceAll(blocks(t, m), []byte("-----BEGIN"), []byte("# one of ours\n-----BEGIN"))
	}
}

// marked begins as editors on Windows write UTF-8.
func marked(blocks file) file {
	return func(t *testing.T, m *mesh) []byte { return slices.Concat([]byte("\ufeff"), blocks(t, m)) }
}

func otherKey(t *testing.T, m *mesh) []byte { return encodeKey(t, m.clusters["west"].key) }

// encryptedKey is the key under a password.
func encryptedKey(t *testing.T, m *mesh) []byte {
	cmd := exec.CommandContext(t.Context(), "openssl", "pkcs8", "-topk8", "-passout", "pass:secret")
	cmd.Stdin = bytes.NewReader(encodeKey(t, m.clusters["east"].key))
	pem, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", cmd, err)
	}
	return pem
}

// concat is PEM of the certificates.
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
