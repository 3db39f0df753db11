package ca_test

import (
	"bytes"
	"crypto"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
)

const passphrase = "correct horse"

// fixture keys are written by testdata/keys/make.sh.
func keyFile(t testing.TB, name string) []byte {
	t.Helper()
	return catest.Must(os.ReadFile(filepath.Join("testdata", "keys", name+".pem")))(t)
}

// encryptedRoot is a key that is encrypted once for all tests: the key derivation takes a
// second under the race detector.
var encryptedRoot = sync.OnceValues(func() ([]byte, error) { return ca.EncryptKey(catest.Key("root"), []byte(passphrase)) })

func TestEncryptKey_ParsesAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		key  crypto.Signer
		data []byte
	}{
		"P-256":    {catest.Key("root"), catest.Must(encryptedRoot())(t)},
		"RSA-2048": {rsa2048(t), catest.Must(ca.EncryptKey(rsa2048(t), []byte(passphrase)))(t)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read := catest.Must(ca.ParseEncryptedKey(test.data, []byte(passphrase)))(t)
			if !ca.SamePublicKey(read.Public(), test.key.Public()) {
				t.Error("it is another key")
			}
			if plain := catest.Must(ca.MarshalKey(test.key))(t); bytes.Contains(test.data, plain[40:80]) || !bytes.HasPrefix(test.data, []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----")) {
				t.Errorf("it is not encrypted:\n%s", test.data)
			}
		})
	}
}

func TestEncryptKey_IsRandomized(t *testing.T) {
	t.Parallel()
	again := catest.Must(ca.EncryptKey(catest.Key("root"), []byte(passphrase)))(t)
	if bytes.Equal(again, catest.Must(encryptedRoot())(t)) {
		t.Error("two encryptions are the same")
	}
}

// TestEncryptKey_Algorithms reads the parameters with types of its own.
func TestEncryptKey_Algorithms(t *testing.T) {
	t.Parallel()
	block, _ := pem.Decode(catest.Must(encryptedRoot())(t))
	var info struct {
		Algorithm struct {
			PBES2      asn1.ObjectIdentifier
			Parameters struct {
				KDF struct {
					PBKDF2 asn1.ObjectIdentifier
					Rounds struct {
						Salt  []byte
						Count int
						PRF   struct {
							ID   asn1.ObjectIdentifier
							Null asn1.RawValue
						}
					}
				}
				Cipher struct {
					ID asn1.ObjectIdentifier
					IV []byte
				}
			}
		}
		Data []byte
	}
	if _, err := asn1.Unmarshal(block.Bytes, &info); err != nil {
		t.Fatal(err)
	}
	p := info.Algorithm.Parameters
	got := []string{info.Algorithm.PBES2.String(), p.KDF.PBKDF2.String(), p.KDF.Rounds.PRF.ID.String(), p.Cipher.ID.String()}
	want := []string{"1.2.840.113549.1.5.13", "1.2.840.113549.1.5.12", "1.2.840.113549.2.9", "2.16.840.1.101.3.4.1.42"}
	if !slices.Equal(got, want) || p.KDF.Rounds.Count != 600_000 || len(p.KDF.Rounds.Salt) != 16 || len(p.Cipher.IV) != 16 {
		t.Errorf("the algorithms are %v with %d rounds, want %v with 600000", got, p.KDF.Rounds.Count, want)
	}
}

func TestParseEncryptedKey_OpenSSL(t *testing.T) {
	t.Parallel()
	plain := catest.Must(ca.ParseKey(keyFile(t, "plain")))(t)
	for _, name := range []string{"pbes2-sha1", "pbes2-sha256", "pbes2-sha384", "pbes2-sha512", "legacy"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := keyFile(t, name)
			key, err := ca.ParseEncryptedKey(data, []byte(passphrase))
			if err != nil || !ca.SamePublicKey(key.Public(), plain.Public()) {
				t.Errorf("got the key %T and the error %v", key, err)
			}
			if _, err := ca.ParseKey(data); !errors.Is(err, ca.ErrEncryptedKey) {
				t.Errorf("ParseKey: got the error %v, want ErrEncryptedKey", err)
			}
			if _, err := ca.ParseEncryptedKey(data, []byte("battery staple")); !errors.Is(err, ca.ErrWrongPassword) {
				t.Errorf("with a wrong passphrase: got the error %v, want ErrWrongPassword", err)
			}
		})
	}
}

// body changes the octets of the only PEM block.
func body(t testing.TB, data []byte, change func([]byte) []byte) []byte {
	t.Helper()
	block, _ := pem.Decode(data)
	block.Bytes = change(slices.Clone(block.Bytes))
	return pem.EncodeToMemory(block)
}

func flip(i int) func([]byte) []byte {
	return func(der []byte) []byte {
		if i < 0 {
			i += len(der)
		}
		der[i] ^= 0x40
		return der
	}
}

func TestParseEncryptedKey_Errors(t *testing.T) {
	t.Parallel()
	valid := keyFile(t, "pbes2-sha256")
	replaced := func(old, with string) []byte {
		return body(t, valid, func(der []byte) []byte {
			if bytes.Count(der, []byte(old)) != 1 {
				t.Fatalf("%x is not there once", old)
			}
			return bytes.Replace(der, []byte(old), []byte(with), 1)
		})
	}
	tests := map[string]struct {
		data     []byte
		password string
		is       error
		want     string
	}{
		"a wrong passphrase":       {valid, "battery staple", ca.ErrWrongPassword, "it is wrong, or the file is damaged"},
		"no passphrase":            {valid, "", ca.ErrEmptyPassword, "empty"},
		"a plain key":              {keyFile(t, "plain"), passphrase, ca.ErrPlainKey, "is not encrypted"},
		"a damaged last block":     {body(t, valid, flip(-1)), passphrase, ca.ErrWrongPassword, "damaged"},
		"a damaged first block":    {body(t, valid, flip(-len(valid)/3)), passphrase, ca.ErrWrongPassword, "damaged"},
		"a block that is cut off":  {body(t, valid, func(der []byte) []byte { return der[:len(der)-1] }), passphrase, nil, "is malformed"},
		"octets after the end":     {body(t, valid, func(der []byte) []byte { return append(der, 0) }), passphrase, nil, "is malformed"},
		"no octets":                {body(t, valid, func([]byte) []byte { return nil }), passphrase, nil, "is malformed"},
		"another number of rounds": {replaced("\x02\x02\x08\x00", "\x02\x02\x7f\xff"), passphrase, ca.ErrWrongPassword, ""},
		"rounds below zero":        {replaced("\x02\x02\x08\x00", "\x02\x02\x88\x00"), passphrase, nil, "is malformed"},
		"no rounds":                {replaced("\x02\x02\x08\x00", "\x02\x02\x00\x00"), passphrase, nil, "is malformed"},
		"an unknown hash":          {replaced("\x86\xf7\x0d\x02\x09", "\x86\xf7\x0d\x02\x08"), passphrase, ca.ErrUnknownEncryption, "with 1.2.840.113549.2.8, expected PBES2"},
		"triple DES":               {keyFile(t, "des3"), passphrase, ca.ErrUnknownEncryption, "with 1.2.840.113549.3.7, expected PBES2"},
		"scrypt":                   {keyFile(t, "scrypt"), passphrase, ca.ErrUnknownEncryption, "with 1.3.6.1.4.1.11591.4.11, expected PBES2"},
		"PBES1":                    {keyFile(t, "pbes1"), passphrase, ca.ErrUnknownEncryption, "with 1.2.840.113549.1.12.1.3, expected PBES2"},
		"a damaged legacy key":     {body(t, keyFile(t, "legacy"), func(der []byte) []byte { return der[1:] }), passphrase, nil, "is malformed"},
		"two keys":                 {append(slices.Clone(valid), valid...), passphrase, nil, "2 PEM blocks, expected one private key"},
		"a certificate":            {ca.MarshalCertificates(catest.New(t).Leaf), passphrase, nil, "the PEM block is a CERTIFICATE, expected a PRIVATE KEY"},
		"nothing":                  {nil, passphrase, nil, "no PEM block"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ca.ParseEncryptedKey(test.data, []byte(test.password))
			if err == nil || !strings.Contains(err.Error(), test.want) || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("got the error %v, want %v with %q", err, test.is, test.want)
			}
		})
	}
}

// TestParseEncryptedKey_BoundsTheRounds fails by its time when they are not: 2^31 rounds take minutes.
func TestParseEncryptedKey_BoundsTheRounds(t *testing.T) {
	t.Parallel()
	type algorithm struct {
		ID         asn1.ObjectIdentifier
		Parameters any
	}
	type parameters struct {
		Salt   []byte
		Rounds int
	}
	for _, rounds := range []int{10_000_001, 1 << 31} {
		kdf := algorithm{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}, parameters{make([]byte, 16), rounds}}
		aes := algorithm{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, make([]byte, 16)}
		der := catest.Must(asn1.Marshal(struct {
			Algorithm algorithm
			Data      []byte
		}{algorithm{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}, struct{ KDF, Cipher algorithm }{kdf, aes}}, make([]byte, 64)}))(t)
		data := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der})
		if _, err := ca.ParseEncryptedKey(data, []byte(passphrase)); err == nil || !strings.Contains(err.Error(), "is malformed") {
			t.Errorf("%d rounds: got the error %v", rounds, err)
		}
	}
}

func TestEncryptKey_Errors(t *testing.T) {
	t.Parallel()
	if _, err := ca.EncryptKey(catest.Key("root"), nil); !errors.Is(err, ca.ErrEmptyPassword) {
		t.Errorf("got the error %v, want ErrEmptyPassword", err)
	}
	if _, err := ca.EncryptKey(noKey{catest.Key("root")}, []byte(passphrase)); err == nil || !strings.Contains(err.Error(), "cannot be exported") {
		t.Errorf("a key in a device: got the error %v", err)
	}
}
