package mesh_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// newCSR is a request in DER, for the key of a name.
func newCSR(t testing.TB, key string) []byte {
	t.Helper()
	return catest.Must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: key}}, catest.Key(key)))(t)
}

func TestParseRequest_RefusesWhatIsNoRequest(t *testing.T) {
	t.Parallel()
	der := newCSR(t, "east")
	text := mesh.MarshalRequest(der)
	broken := bytes.Clone(der)
	broken[len(broken)-1] ^= 1
	encode := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	key := catest.Must(ca.MarshalKey(catest.Key("other")))(t)
	leaf := catest.New(t).Leaf
	tests := map[string]struct {
		data    []byte
		wantErr string
	}{
		"a request in PEM":            {text, ""},
		"a request in DER":            {der, ""},
		"the old name of the block":   {encode("NEW CERTIFICATE REQUEST", der), ""},
		"text around the block":       {join([]byte("Certificate Request:\n"), text, []byte("bye")), ""},
		"Windows line ends":           {bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")), ""},
		"an empty file":               {nil, "is neither a certificate request in PEM nor one in DER"},
		"text without a block":        {[]byte("junk"), "is neither"},
		"a certificate":               {ca.MarshalCertificates(leaf), "PEM block 1 is a CERTIFICATE, expected a CERTIFICATE REQUEST"},
		"a certificate in DER":        {leaf.Raw, "is a CERTIFICATE, expected a CERTIFICATE REQUEST"},
		"a key":                       {key, "PEM block 1 is a PRIVATE KEY, which must not leave its directory"},
		"a key beside a request":      {join(text, key), "PEM block 2 is a PRIVATE KEY, which must not leave its directory"},
		"two requests":                {join(text, text), "2 certificate requests, expected one"},
		"a truncated request":         {text[:len(text)/2], "1 PEM blocks begin, 0 are well formed"},
		"a block of junk":             {encode("CERTIFICATE REQUEST", []byte("junk")), "is not a valid certificate request"},
		"bytes after the request":     {encode("CERTIFICATE REQUEST", append(bytes.Clone(der), 0)), "is not a valid certificate request"},
		"a signature of another key":  {encode("CERTIFICATE REQUEST", broken), "is not signed with its own key"},
		"a key type that no CA has":   {encode("CERTIFICATE REQUEST", ed25519CSR(t)), "a CA key of type Ed25519, expected"},
		"a certificate and a request": {join(ca.MarshalCertificates(leaf), text), "PEM block 1 is a CERTIFICATE"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			csr, err := mesh.ParseRequest(tt.data)
			switch {
			case tt.wantErr == "" && (err != nil || !ca.SamePublicKey(csr.PublicKey, catest.Key("east").Public())):
				t.Errorf("error %v, want the request of east", err)
			case tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)):
				t.Errorf("error %v, want one with %q", err, tt.wantErr)
			}
			if err != nil && strings.Contains(err.Error(), "MIG") {
				t.Errorf("the error %v has contents of the file", err)
			}
		})
	}
}

func ed25519CSR(t *testing.T) []byte {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	return catest.Must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key))(t)
}

func TestPublicKeyOf(t *testing.T) {
	t.Parallel()
	csr := catest.Must(mesh.ParseRequest(newCSR(t, "east")))(t)
	spki := catest.Must(x509.MarshalPKIXPublicKey(catest.Key("east").Public()))(t)
	sum := sha256.Sum256(spki)
	want := mesh.PublicKey{Type: ca.P256, Fingerprint: hex.EncodeToString(sum[:])}
	if diff := cmp.Diff(want, mesh.PublicKeyOf(csr)); diff != "" {
		t.Errorf("public key (-want +got):\n%s", diff)
	}
}

// FuzzParseRequest checks that an accepted request proves possession of a key that a CA can have,
// and can be read again.
func FuzzParseRequest(f *testing.F) {
	der := newCSR(f, "east")
	f.Add(der)
	f.Add(mesh.MarshalRequest(der))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		csr, err := mesh.ParseRequest(data)
		if err != nil {
			return
		}
		if err := csr.CheckSignature(); err != nil {
			t.Errorf("the sender may not have the key: %v", err)
		}
		if _, err := ca.KeyTypeOf(csr.PublicKey); err != nil {
			t.Error(err)
		}
		again, err := mesh.ParseRequest(mesh.MarshalRequest(csr.Raw))
		if err != nil || !ca.SamePublicKey(again.PublicKey, csr.PublicKey) {
			t.Errorf("the request cannot be read again: %v", err)
		}
	})
}
