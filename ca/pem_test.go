package ca_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
)

func TestParseCertificates_KeepsTheOrder(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	text := ca.MarshalCertificates(h.LeafChain()...)
	for name, data := range map[string][]byte{
		"as written":               text,
		"without a final newline":  bytes.TrimSpace(text),
		"with carriage returns":    bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")),
		"with blank lines between": bytes.ReplaceAll(text, []byte("-----BEGIN"), []byte("\n \n-----BEGIN")),
	} {
		got, err := ca.ParseCertificates(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(h.LeafChain(), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestParseCertificates_IsStrict(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	cert, key := string(ca.MarshalCertificates(h.Leaf)), string(catest.Must(ca.MarshalKey(h.LeafKey))(t))
	tests := map[string]struct{ data, want string }{
		"nothing":                   {"", "no PEM block"},
		"white space":               {" \n\t", "no PEM block"},
		"junk":                      {"junk", "text that is not PEM stands before block 1"},
		"text before a certificate": {"Certificate:\n" + cert, "text that is not PEM stands before block 1"},
		"text between certificates": {cert + "# west\n" + cert, "text that is not PEM stands before block 2"},
		"text after a certificate":  {cert + "junk", "text that is not PEM stands before block 2"},
		"a key":                     {key, "PEM block 1 is a PRIVATE KEY, expected a CERTIFICATE"},
		"a key after a certificate": {cert + key, "PEM block 2 is a PRIVATE KEY, expected a CERTIFICATE"},
		"blocks joined by a missing newline": {strings.TrimSpace(cert) + cert,
			"PEM block 1 is joined to the next one: a newline is missing after its END line"},
		"a block that is cut off":         {cert[:len(cert)/2], "PEM block 1 has no END line"},
		"base64 that is not":              {strings.Replace(cert, "MII", "M!I", 1), "PEM block 1 is malformed"},
		"an END line of another type":     {strings.Replace(cert, "END CERTIFICATE", "END KEY", 1), "PEM block 1 is malformed"},
		"a block within a block":          {"-----BEGIN CERTIFICATE-----\n" + cert, "PEM block 1 has no END line before the next one begins"},
		"a certificate that is not DER":   {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "PEM block 1: x509: malformed certificate"},
		"a certificate with PEM headers":  {"-----BEGIN CERTIFICATE-----\nA: b\n\nAAAA\n-----END CERTIFICATE-----\n", "PEM block 1 has headers"},
		"bytes after the certificate DER": {string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: append(bytes.Clone(h.Leaf.Raw), 0)})), "trailing data"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := ca.ParseCertificates([]byte(test.data)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got the error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestFindPEM(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	root, east := ca.MarshalCertificates(h.Root.Certificate()), ca.MarshalCertificates(h.Intermediate.Certificate())
	tests := map[string]struct {
		data []byte
		want int
		err  string
	}{
		"one block":                      {data: root, want: 1},
		"with text around them":          {data: slices.Concat([]byte("Certificate:\n"), root, []byte("issuer\n"), east, []byte("end")), want: 2},
		"no block":                       {data: h.Root.Certificate().Raw},
		"nothing":                        {},
		"a block that is cut":            {data: slices.Concat(root, east[:100]), err: "2 PEM blocks begin, 1 are well formed"},
		"two that a newline should part": {data: slices.Concat(bytes.TrimSpace(root), east), err: "2 PEM blocks begin, "},
	}
	for name, test := range tests {
		blocks, err := ca.FindPEM(test.data)
		switch {
		case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
			t.Errorf("%s: got the error %v, want one with %q", name, err, test.err)
		case test.err == "" && (err != nil || len(blocks) != test.want):
			t.Errorf("%s: got %d blocks and the error %v, want %d", name, len(blocks), err, test.want)
		}
	}
}

func TestFindBlocks(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	cert := h.Root.Certificate().Raw
	list := catest.Must(h.Root.CRL(ca.CRLOptions{Number: big.NewInt(1)}))(t).Raw
	request := catest.Must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, h.LeafKey))(t)
	tests := map[string]struct {
		data []byte
		want []*pem.Block
	}{
		"a certificate":               {cert, []*pem.Block{{Type: "CERTIFICATE", Bytes: cert}}},
		"a CRL":                       {list, []*pem.Block{{Type: "X509 CRL", Bytes: list}}},
		"a request":                   {request, []*pem.Block{{Type: "CERTIFICATE REQUEST", Bytes: request}}},
		"a certificate in PEM":        {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), []*pem.Block{{Type: "CERTIFICATE", Bytes: cert}}},
		"two certificates are no DER": {append(bytes.Clone(cert), cert...), nil},
		"text":                        {[]byte("text"), nil},
		"nothing":                     {nil, nil},
	}
	for name, test := range tests {
		got, err := ca.FindBlocks(test.data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(test.want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestParseKey_FormsOfIstio(t *testing.T) {
	t.Parallel()
	elliptic := catest.Key("key").(*ecdsa.PrivateKey)
	modular := caKey(t, ca.RSA3072).(*rsa.PrivateKey)
	tests := map[string]struct {
		block *pem.Block
		equal func(any) bool
	}{
		"SEC1":        {&pem.Block{Type: "EC PRIVATE KEY", Bytes: catest.Must(x509.MarshalECPrivateKey(elliptic))(t)}, func(k any) bool { return elliptic.Equal(k.(*ecdsa.PrivateKey)) }},
		"PKCS#1":      {&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(modular)}, func(k any) bool { return modular.Equal(k.(*rsa.PrivateKey)) }},
		"PKCS#8, EC":  {&pem.Block{Type: "PRIVATE KEY", Bytes: catest.Must(x509.MarshalPKCS8PrivateKey(elliptic))(t)}, func(k any) bool { return elliptic.Equal(k.(*ecdsa.PrivateKey)) }},
		"PKCS#8, RSA": {&pem.Block{Type: "PRIVATE KEY", Bytes: catest.Must(x509.MarshalPKCS8PrivateKey(modular))(t)}, func(k any) bool { return modular.Equal(k.(*rsa.PrivateKey)) }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key, err := ca.ParseKey(pem.EncodeToMemory(test.block))
			if err != nil || !test.equal(key) {
				t.Errorf("the key is not the one that was written: %v", err)
			}
		})
	}
}

func TestParseKey_IsStrict(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	key := string(catest.Must(ca.MarshalKey(h.LeafKey))(t))
	tests := map[string]struct{ data, want string }{
		"nothing":                {"", "no PEM block"},
		"a certificate":          {string(ca.MarshalCertificates(h.Leaf)), "the PEM block is a CERTIFICATE, expected a PRIVATE KEY"},
		"two keys":               {key + key, "2 PEM blocks, expected one private key"},
		"EC parameters and key":  {"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + key, "2 PEM blocks"},
		"an encrypted key":       {string(keyFile(t, "pbes2-sha256")), "the private key is encrypted"},
		"an old encrypted key":   {"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n", "the private key is encrypted"},
		"a key that is not DER":  {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "the private key is malformed"},
		"a public key":           {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "is a PUBLIC KEY, expected a PRIVATE KEY"},
		"a key for key exchange": {"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIHB+Ng1OIEW7eS9VQ0vMbVU0ZQJ8Bx4kSJE+H5UHZsJv\n-----END PRIVATE KEY-----\n", "malformed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ca.ParseKey([]byte(test.data))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got the error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestMarshalKey_KeyInADevice(t *testing.T) {
	t.Parallel()
	if _, err := ca.MarshalKey(newOpaque(catest.Key("hsm"))); err == nil || !strings.Contains(err.Error(), "cannot be exported") {
		t.Errorf("got the error %v, want one that says that the key cannot be exported", err)
	}
}
