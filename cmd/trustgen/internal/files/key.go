package files

import (
	"bytes"
	"encoding/pem"
	"errors"
	"strings"

	"github.com/trustgen/trustgen/ca"
)

// IsPEM reports whether there is a block of PEM in data.
func IsPEM(data []byte) bool { return bytes.Contains(data, []byte("-----BEGIN ")) }

// FindKey returns the only private key of a file in PEM. Certificates may stand beside it, and the
// parameters that openssl writes before an EC key.
func FindKey(data []byte) ([]byte, error) {
	blocks, err := ca.FindPEM(data)
	if err != nil {
		return nil, err
	}
	var found []byte
	for _, block := range blocks {
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		if found != nil {
			return nil, errors.New("has more than one private key")
		}
		found = pem.EncodeToMemory(block)
	}
	if found == nil {
		return nil, errors.New("has no private key in PEM")
	}
	return found, nil
}
