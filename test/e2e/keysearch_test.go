package e2e_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"testing"
)

// foundKeys are P-256 private keys found in data, by scalar.
type foundKeys map[[32]byte]*ecdsa.PublicKey

// findKeys searches all files below directories.
func findKeys(t *testing.T, dirs ...string) foundKeys {
	t.Helper()
	found := make(foundKeys)
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			found.search(data)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

func (f foundKeys) has(key crypto.PublicKey) bool {
	for _, public := range f {
		if public.Equal(key) {
			return true
		}
	}
	return false
}

// search finds keys encoded as SEC 1 or PKCS #8, in DER, in PEM or in base64 of either, also
// inside JSON.
func (f foundKeys) search(data []byte) {
	for part := range bytes.SplitSeq(data, zeros) {
		if len(part) > 0 {
			f.searchAt(part, 3)
		}
	}
}

// zeros occur in no key. The files of etcd have millions of them.
var zeros = make([]byte, 64)

func (f foundKeys) searchAt(data []byte, depth int) {
	f.scalars(data)
	if depth == 0 {
		return
	}
	for run := range base64Runs(bytes.ReplaceAll(data, []byte(`\n`), []byte("\n"))) {
		// A byte before the text may belong to the alphabet.
		for shift := range 4 {
			if text := run[min(shift, len(run)):]; len(text) > 0 {
				decoded := make([]byte, base64.RawStdEncoding.DecodedLen(len(text)))
				n, _ := base64.RawStdEncoding.Decode(decoded, text)
				f.searchAt(decoded[:n], depth-1)
			}
		}
	}
}

// shortest is the length of a text that is too short for a key.
const shortest = 50

// base64Runs returns the parts of data that may be base64, without line breaks and padding.
func base64Runs(data []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var run []byte
		for _, b := range data {
			switch {
			case base64Alphabet[b]:
				run = append(run, b)
				continue
			case b == '\n' || b == '\r':
				continue
			}
			if len(run) > shortest && !yield(run) {
				return
			}
			run = run[:0]
		}
		if len(run) > shortest {
			yield(run)
		}
	}
}

// base64Alphabet is a table for speed: megabytes are searched.
var base64Alphabet = func() (table [256]bool) {
	for _, b := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		table[b] = true
	}
	return table
}()

// scalarPrefix begins an ECPrivateKey of P-256 after its length: version 1, then 32 bytes (RFC
// 5915 §3).
var scalarPrefix = []byte{2, 1, 1, 4, 32}

func (f foundKeys) scalars(data []byte) {
	for {
		_, rest, more := bytes.Cut(data, scalarPrefix)
		if !more || len(rest) < 32 {
			return
		}
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), rest[:32]); err == nil {
			f[[32]byte(rest)] = &key.PublicKey
		}
		data = rest
	}
}

func TestKeySearch_FindsEveryEncoding(t *testing.T) {
	t.Parallel()
	key, ok := newKey(t).(*ecdsa.PrivateKey)
	if !ok {
		t.Fatal("not an ECDSA key")
	}
	sec1, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	inPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	for form, data := range map[string][]byte{
		"SEC 1":              sec1,
		"PKCS #8":            pkcs8,
		"PEM":                inPEM,
		"PEM in JSON":        bytes.ReplaceAll(inPEM, []byte("\n"), []byte(`\n`)),
		"PEM in base64":      []byte(base64.StdEncoding.EncodeToString(inPEM)),
		"text before base64": append([]byte("x"), base64.StdEncoding.EncodeToString(pkcs8)...),
		"among zeros":        append(make([]byte, 1<<20), append(sec1, make([]byte, 1<<20)...)...),
	} {
		found := make(foundKeys)
		if found.search(data); !found.has(key.Public()) {
			t.Errorf("%s: the key is not found", form)
		}
		if found.has(newKey(t).Public()) {
			t.Errorf("%s: found a key that is not in the data", form)
		}
	}
}
