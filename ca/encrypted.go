package ca

import (
	"crypto"
	"crypto/fips140"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"go.step.sm/crypto/pemutil"
)

// Errors about encrypted keys.
var (
	// ErrEncryptedKey is the error of [ParseKey] for an encrypted key.
	ErrEncryptedKey = errors.New("the private key is encrypted, expected a plain one")
	// ErrPlainKey is the error of [ParseEncryptedKey] for a key that is not encrypted.
	ErrPlainKey = errors.New("the private key is not encrypted")
	// ErrWrongPassword means either of two causes: the encryption has no checksum that
	// would distinguish them.
	ErrWrongPassword = errors.New("the passphrase does not open the key: it is wrong, or the file is damaged")
	// ErrUnknownEncryption means that this package does not support the encryption of a
	// key.
	ErrUnknownEncryption = errors.New("the private key is encrypted in an unknown way")
	// ErrEmptyPassword means that a passphrase has no characters.
	ErrEmptyPassword = errors.New("the passphrase is empty")
)

// Types of PEM blocks with a private key.
const (
	plainKeyBlock     = "PRIVATE KEY"
	rsaKeyBlock       = "RSA PRIVATE KEY"
	ecKeyBlock        = "EC PRIVATE KEY"
	encryptedKeyBlock = "ENCRYPTED PRIVATE KEY"
)

// EncryptKey writes a private key in PEM as PKCS#8, encrypted with a passphrase: PBES2
// (RFC 8018 §6.2) with AES-256-CBC and PBKDF2 with 600000 rounds of HMAC-SHA-256, which
// take a tenth of a second. The encryption has no checksum; the reader has to compare the
// key with its certificate.
func EncryptKey(key crypto.Signer, password []byte) ([]byte, error) {
	if len(password) == 0 {
		return nil, ErrEmptyPassword
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("a key of type %T cannot be exported", key)
	}
	defer clear(der)
	block, err := pemutil.EncryptPKCS8PrivateKey(rand.Reader, der, password, x509.PEMCipherAES256)
	if err != nil {
		return nil, fmt.Errorf("encrypt the key: %w", err)
	}
	return pem.EncodeToMemory(block), nil
}

// ParseEncryptedKey reads exactly one encrypted private key in PEM: PKCS#8 with PBES2,
// PBKDF2 and AES-CBC (RFC 8018), or the older form of OpenSSL (RFC 1423, "DEK-Info"), which
// FIPS 140 does not allow.
//
// The error is [ErrPlainKey], [ErrEmptyPassword], [ErrWrongPassword],
// [ErrUnknownEncryption], or names the malformed part. It contains none of the input.
func ParseEncryptedKey(data, password []byte) (crypto.Signer, error) {
	block, err := keyBlock(data)
	if err != nil {
		return nil, err
	}
	switch {
	case !isEncrypted(block):
		return nil, ErrPlainKey
	case len(password) == 0:
		return nil, ErrEmptyPassword
	}
	decrypt := decryptLegacy
	if block.Type == encryptedKeyBlock {
		decrypt = decryptPKCS8
	}
	plain, err := decrypt(block, password)
	if err != nil {
		return nil, err
	}
	defer clear(plain.Bytes)
	key, err := parseKeyBlock(plain)
	if err != nil {
		return nil, ErrWrongPassword // the padding was valid by chance
	}
	return key, nil
}

// keyBlock finds the only block of a file, which has to be a private key.
func keyBlock(data []byte) (*pem.Block, error) {
	blocks, err := pemBlocks(data)
	if err != nil {
		return nil, err
	}
	if len(blocks) != 1 {
		return nil, fmt.Errorf("%d PEM blocks, expected one private key", len(blocks))
	}
	switch blocks[0].Type {
	case plainKeyBlock, rsaKeyBlock, ecKeyBlock, encryptedKeyBlock:
		return blocks[0], nil
	}
	return nil, fmt.Errorf("the PEM block is a %s, expected a %s", blocks[0].Type, plainKeyBlock)
}

func isEncrypted(block *pem.Block) bool {
	return block.Type == encryptedKeyBlock || block.Headers["DEK-Info"] != ""
}

func decryptPKCS8(block *pem.Block, password []byte) (*pem.Block, error) {
	der, err := decryptPBES2(block.Bytes, password)
	return &pem.Block{Type: plainKeyBlock, Bytes: der}, err
}

// decryptLegacy decrypts keys of "openssl genrsa -aes256" before OpenSSL 3. The key
// derivation is a single round of MD5.
func decryptLegacy(block *pem.Block, password []byte) (*pem.Block, error) {
	if fips140.Enforced() {
		return nil, errors.New("the private key is encrypted with MD5, which FIPS 140 does not allow")
	}
	der, err := x509.DecryptPEMBlock(block, password) //nolint:staticcheck // old roots have old keys; none is written
	switch {
	case errors.Is(err, x509.IncorrectPasswordError):
		return nil, ErrWrongPassword
	case err != nil:
		return nil, errMalformedEncryption
	}
	return &pem.Block{Type: block.Type, Bytes: der}, nil
}
