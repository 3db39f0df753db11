package view

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/files"
)

// errUnknownFormat is the error about a file in another format.
var errUnknownFormat = errors.New("is neither PEM nor DER, nor a Secret or ConfigMap in YAML or JSON")

// decode decodes a Secret or ConfigMap, PEM with text around it, or DER.
func decode(data []byte) ([]Item, error) {
	entries, err := files.Entries(data)
	switch {
	case err != nil:
		return nil, err
	case entries != nil:
		return decodeEntries(entries)
	}
	items, err := decodeBlocks(data)
	if err == nil && len(items) == 0 {
		err = errUnknownFormat
	}
	return items, err
}

func decodeEntries(entries map[string][]byte) ([]Item, error) {
	var items []Item
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		found, err := decodeBlocks(entries[name])
		if err == nil && len(found) == 0 {
			err = errors.New("neither PEM nor DER")
		}
		if err != nil {
			found = []Item{{Kind: "not readable: " + err.Error()}}
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

func decodeBlocks(data []byte) ([]Item, error) {
	blocks, err := ca.FindBlocks(data)
	if err != nil {
		return nil, err
	}
	items := make([]Item, len(blocks))
	for i, block := range blocks {
		if items[i], err = decodeBlock(block); err != nil {
			return nil, fmt.Errorf("PEM block %d: %w", i+1, err)
		}
	}
	return items, nil
}

func decodeBlock(block *pem.Block) (Item, error) {
	switch block.Type {
	case "CERTIFICATE":
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return Item{}, err
		}
		return certificateItem(cert), nil
	case "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST":
		request, err := x509.ParseCertificateRequest(block.Bytes)
		if err != nil {
			return Item{}, err
		}
		return requestItem(request), nil
	case "X509 CRL":
		list, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return Item{}, err
		}
		return crlItem(list), nil
	case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
		key, err := ca.ParseKey(pem.EncodeToMemory(block))
		if errors.Is(err, ca.ErrEncryptedKey) { // as OpenSSL wrote it before PKCS #8
			return Item{Kind: "encrypted private key"}, nil
		}
		if err != nil {
			return Item{}, err
		}
		return Item{Kind: "private key", PublicKey: newPublicKey(key.Public())}, nil
	case "ENCRYPTED PRIVATE KEY":
		return Item{Kind: "encrypted private key"}, nil
	}
	return Item{Kind: "unknown PEM block " + block.Type}, nil
}
