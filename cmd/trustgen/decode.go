package main

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/trustgen/trustgen/ca"
)

// errNothing says that a file holds nothing that is known here.
var errNothing = errors.New("is neither PEM nor DER, nor a Secret or ConfigMap in YAML or JSON")

// decode reads everything that a file holds: a Secret or ConfigMap, PEM, or DER. Unlike what
// issues, it reads around text between the blocks, as openssl writes it.
func decode(data []byte) ([]item, error) {
	entries, err := objectEntries(data)
	switch {
	case err != nil:
		return nil, err
	case entries != nil:
		return decodeEntries(entries)
	}
	items, err := decodeBlocks(data)
	if err == nil && len(items) == 0 {
		err = errNothing
	}
	return items, err
}

func decodeEntries(entries map[string][]byte) ([]item, error) {
	var items []item
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		found, err := decodeBlocks(entries[name])
		if err == nil && len(found) == 0 {
			err = errors.New("neither PEM nor DER")
		}
		if err != nil {
			found = []item{{Kind: "not readable: " + err.Error()}}
		}
		for _, i := range found {
			i.Entry = name
			items = append(items, i)
		}
	}
	if len(items) == 0 {
		return nil, errors.New("is an object without data")
	}
	return items, nil
}

var pemBegin = []byte("-----BEGIN ")

func decodeBlocks(data []byte) ([]item, error) {
	blocks, err := ca.FindBlocks(data)
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
