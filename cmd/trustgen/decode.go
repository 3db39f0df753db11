package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/ca"
)

// decode reads everything that a file holds: a Secret whose entries are PEM, or PEM.
// Unlike what issues, it reads around text between the blocks, as openssl writes it.
func decode(data []byte) ([]item, error) {
	var secret corev1.Secret
	switch err := yaml.Unmarshal(data, &secret); {
	case err == nil && secret.Kind == "Secret":
		return decodeSecret(secret)
	case bytes.Contains(data, pemBegin):
		return decodePEM(data)
	}
	return nil, errors.New("is neither PEM nor a Secret in YAML or JSON")
}

func decodeSecret(secret corev1.Secret) ([]item, error) {
	entries := make(map[string][]byte)
	maps.Copy(entries, secret.Data)
	for name, text := range secret.StringData {
		entries[name] = []byte(text)
	}
	var items []item
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		found, err := decodePEM(entries[name])
		if err != nil {
			found = []item{{Kind: "not readable: " + err.Error()}}
		}
		for _, i := range found {
			i.Entry = name
			items = append(items, i)
		}
	}
	if len(items) == 0 {
		return nil, errors.New("is a Secret without data")
	}
	return items, nil
}

var pemBegin = []byte("-----BEGIN ")

func decodePEM(data []byte) ([]item, error) {
	blocks, err := ca.FindPEM(data)
	if err == nil && len(blocks) == 0 {
		err = errors.New("no PEM block")
	}
	if err != nil {
		return nil, err
	}
	items := make([]item, len(blocks))
	for i, block := range blocks {
		if items[i], err = decodeBlock(block); err != nil {
			return nil, fmt.Errorf("PEM block %d: %w", i+1, err)
		}
	}
	return items, nil
}

func decodeBlock(block *pem.Block) (item, error) {
	switch block.Type {
	case "CERTIFICATE":
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return item{}, err
		}
		return certificateItem(cert), nil
	case "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST":
		request, err := x509.ParseCertificateRequest(block.Bytes)
		if err != nil {
			return item{}, err
		}
		return requestItem(request), nil
	case "X509 CRL":
		list, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return item{}, err
		}
		return crlItem(list), nil
	case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
		key, err := ca.ParseKey(pem.EncodeToMemory(block))
		if errors.Is(err, ca.ErrEncryptedKey) { // as OpenSSL wrote it before PKCS #8
			return item{Kind: "encrypted private key"}, nil
		}
		if err != nil {
			return item{}, err
		}
		return item{Kind: "private key", PublicKey: newPublicKey(key.Public())}, nil
	case "ENCRYPTED PRIVATE KEY":
		return item{Kind: "encrypted private key"}, nil
	}
	return item{Kind: "unknown PEM block " + block.Type}, nil
}

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}
