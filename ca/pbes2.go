package ca

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // the default of RFC 8018 §A.2, in HMAC, to read old keys
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
)

// pemutil supports PBES2 as well, but it misreads unknown algorithms, panics on a wrong
// length, and does not bound the number of rounds.

var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
)

// pbkdf2Hashes are the hashes of HMAC in PBKDF2 (RFC 8018 §B.1).
var pbkdf2Hashes = map[string]func() hash.Hash{
	"1.2.840.113549.2.7":  sha1.New,
	"1.2.840.113549.2.9":  sha256.New,
	"1.2.840.113549.2.10": sha512.New384,
	"1.2.840.113549.2.11": sha512.New,
}

// aesKeySizes are the key sizes of AES-CBC (RFC 8018 §B.2.5).
var aesKeySizes = map[string]int{
	"2.16.840.1.101.3.4.1.2":  16,
	"2.16.840.1.101.3.4.1.22": 24,
	"2.16.840.1.101.3.4.1.42": 32,
}

// maxRounds bounds the work of PBKDF2: about two seconds with the slowest hash.
const maxRounds = 2_500_000

// encryptedKeyInfo is EncryptedPrivateKeyInfo (RFC 5958 §3) with PBES2 (RFC 8018 §A.4).
type encryptedKeyInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

type pbes2Parameters struct {
	KDF    pkix.AlgorithmIdentifier
	Cipher pkix.AlgorithmIdentifier
}

type pbkdf2Parameters struct {
	Salt      []byte
	Rounds    int
	KeyLength int                      `asn1:"optional"`
	Hash      pkix.AlgorithmIdentifier `asn1:"optional"`
}

var errMalformedEncryption = errors.New("the encrypted private key is malformed")

// decryptPBES2 decrypts PKCS#8.
func decryptPBES2(der, password []byte) ([]byte, error) {
	var info encryptedKeyInfo
	if err := unmarshalAll(der, &info); err != nil {
		return nil, err
	}
	if !info.Algorithm.Algorithm.Equal(oidPBES2) {
		return nil, unknownEncryption(info.Algorithm.Algorithm)
	}
	var p pbes2Parameters
	if err := unmarshalAll(info.Algorithm.Parameters.FullBytes, &p); err != nil {
		return nil, err
	}
	size, ok := aesKeySizes[p.Cipher.Algorithm.String()]
	if !ok {
		return nil, unknownEncryption(p.Cipher.Algorithm)
	}
	var iv []byte
	if err := unmarshalAll(p.Cipher.Parameters.FullBytes, &iv); err != nil {
		return nil, err
	}
	if len(iv) != aes.BlockSize || len(info.Data) == 0 || len(info.Data)%aes.BlockSize != 0 {
		return nil, errMalformedEncryption
	}
	key, err := deriveKey(p, password, size)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return decryptCBC(key, iv, info.Data)
}

func deriveKey(p pbes2Parameters, password []byte, size int) ([]byte, error) {
	if !p.KDF.Algorithm.Equal(oidPBKDF2) {
		return nil, unknownEncryption(p.KDF.Algorithm)
	}
	var k pbkdf2Parameters
	if err := unmarshalAll(p.KDF.Parameters.FullBytes, &k); err != nil {
		return nil, err
	}
	newHash := sha1.New
	if len(k.Hash.Algorithm) > 0 {
		newHash = pbkdf2Hashes[k.Hash.Algorithm.String()]
	}
	switch {
	case newHash == nil:
		return nil, unknownEncryption(k.Hash.Algorithm)
	case k.Rounds < 1 || k.Rounds > maxRounds || k.KeyLength != 0 && k.KeyLength != size:
		return nil, errMalformedEncryption
	}
	key, err := pbkdf2.Key(newHash, string(password), k.Salt, k.Rounds, size)
	if err != nil {
		return nil, fmt.Errorf("open the encrypted private key: %w", err) // FIPS 140 forbids a short salt, and SHA-1
	}
	return key, nil
}

// decryptCBC decrypts whole blocks and removes the padding (RFC 8018 §6.1.1).
func decryptCBC(key, iv, data []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	padding := int(plain[len(plain)-1])
	if padding < 1 || padding > aes.BlockSize {
		return nil, ErrWrongPassword
	}
	text := plain[:len(plain)-padding]
	for _, b := range plain[len(text):] {
		if int(b) != padding {
			return nil, ErrWrongPassword
		}
	}
	return text, nil
}

func unmarshalAll(der []byte, into any) error {
	if rest, err := asn1.Unmarshal(der, into); err != nil || len(rest) > 0 {
		return errMalformedEncryption
	}
	return nil
}

func unknownEncryption(id asn1.ObjectIdentifier) error {
	return fmt.Errorf("%w: with %s, expected PBES2 with PBKDF2 and AES-CBC", ErrUnknownEncryption, id)
}
