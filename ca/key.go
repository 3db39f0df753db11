package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"strings"

	"go.step.sm/crypto/keyutil"
)

// KeyType is the algorithm and size of a CA key.
type KeyType string

// The key types of a CA: those that Istio supports for its own CA (RSA, and ECDSA with P-256
// or P-384), in sizes that stay secure for the lifetime of a root (NIST SP 800-57 part 1,
// table 4). istiod 1.31 also signs with Ed25519 and P-521, but that is undocumented.
const (
	P256    KeyType = "P-256"
	P384    KeyType = "P-384"
	RSA3072 KeyType = "RSA-3072"
	RSA4096 KeyType = "RSA-4096"
)

// KeyTypes lists the key types of a CA, the default first.
func KeyTypes() []KeyType { return []KeyType{P256, P384, RSA3072, RSA4096} }

// ParseKeyType reads the name of a key type in any case.
func ParseKeyType(s string) (KeyType, error) {
	for _, t := range KeyTypes() {
		if strings.EqualFold(s, string(t)) {
			return t, nil
		}
	}
	return "", fmt.Errorf("key type %q is not one of %s", s, keyTypeList())
}

// KeyTypeOf returns the type of a CA's public key. The error names the type of a key that a
// CA must not have.
func KeyTypeOf(key crypto.PublicKey) (KeyType, error) {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return P256, nil
		case elliptic.P384():
			return P384, nil
		}
	case *rsa.PublicKey:
		switch k.N.BitLen() {
		case 3072:
			return RSA3072, nil
		case 4096:
			return RSA4096, nil
		}
	}
	return "", fmt.Errorf("a CA key of type %s, expected one of %s", DescribeKey(key), keyTypeList())
}

// GenerateKey makes a private key. The zero KeyType means [P256].
func GenerateKey(t KeyType) (crypto.Signer, error) {
	switch t {
	case P256, "":
		return keyutil.GenerateSigner("EC", "P-256", 0)
	case P384:
		return keyutil.GenerateSigner("EC", "P-384", 0)
	case RSA3072:
		return keyutil.GenerateSigner("RSA", "", 3072)
	case RSA4096:
		return keyutil.GenerateSigner("RSA", "", 4096)
	}
	return nil, fmt.Errorf("key type %q is not one of %s", t, keyTypeList())
}

// MatchKey reports whether the private key belongs to the certificate.
func MatchKey(key crypto.Signer, cert *x509.Certificate) bool {
	return SamePublicKey(key.Public(), cert.PublicKey)
}

// SamePublicKey reports whether two public keys are equal. Keys of types that cannot be
// compared are not.
func SamePublicKey(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

// throwawayKey makes a key whose signatures have the same algorithm identifier as those of
// key, at the least cost: all RSA sizes share one.
func throwawayKey(key crypto.PublicKey) (crypto.Signer, error) {
	if _, ok := key.(*rsa.PublicKey); ok {
		return keyutil.GenerateSigner("RSA", "", 2048)
	}
	t, err := KeyTypeOf(key)
	if err != nil {
		return nil, err
	}
	return GenerateKey(t)
}

// keyID is the subject key identifier of a key: the leftmost 160 bits of the
// SHA-256 of the subjectPublicKey bits (RFC 7093 §2, method 1).
func keyID(key crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("a public key of type %T cannot be encoded: %w", key, err)
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	sum := sha256.Sum256(info.Key.Bytes)
	return sum[:20], nil
}

// KeyID is the subject key identifier that an authority derives from a key, in hexadecimal
// (RFC 7093 §2, method 1). The certificate of a CA of another program may have a different
// one.
func KeyID(key crypto.PublicKey) (string, error) {
	id, err := keyID(key)
	return hex.EncodeToString(id), err
}

// tag is the part of a key identifier in a common name, so that no two keys share a
// distinguished name.
func tag(keyID []byte) string { return hex.EncodeToString(keyID[:3]) }

// DescribeKey is a readable name for the type and size of any public key, for example
// "P-256" or "RSA-2048".
func DescribeKey(key crypto.PublicKey) string {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		return k.Curve.Params().Name
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA-%d", k.N.BitLen())
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return fmt.Sprintf("%T", key)
}

func keyTypeList() string {
	names := make([]string, 0, len(KeyTypes()))
	for _, t := range KeyTypes() {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}
