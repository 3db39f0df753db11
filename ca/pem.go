package ca

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"go.step.sm/crypto/pemutil"
)

const (
	certificateBlock = "CERTIFICATE"
	crlBlock         = "X509 CRL"
	requestBlock     = "CERTIFICATE REQUEST"
)

// ParseCertificates reads one or more certificates in PEM, in the order of the file. It
// accepts only files that all programs read in the same way: with nothing but white space
// between and around the blocks, without headers, and with a newline after each block
// (istiod and openssl differ on blocks that are joined).
func ParseCertificates(data []byte) ([]*x509.Certificate, error) {
	return parseBlocks(data, certificateBlock, x509.ParseCertificate)
}

// ParseCRLs reads one or more CRLs in PEM, as strictly as [ParseCertificates]. It does not
// verify them, see [CheckCRL].
func ParseCRLs(data []byte) ([]*x509.RevocationList, error) {
	return parseBlocks(data, crlBlock, x509.ParseRevocationList)
}

// parseBlocks reads a file with blocks of one type.
func parseBlocks[T any](data []byte, blockType string, parse func([]byte) (T, error)) ([]T, error) {
	blocks, err := pemBlocks(data)
	if err != nil {
		return nil, err
	}
	parsed := make([]T, len(blocks))
	for i, block := range blocks {
		if block.Type != blockType {
			return nil, fmt.Errorf("PEM block %d is a %s, expected a %s", i+1, block.Type, blockType)
		}
		if len(block.Headers) > 0 {
			return nil, fmt.Errorf("PEM block %d has headers, expected none", i+1)
		}
		if parsed[i], err = parse(block.Bytes); err != nil {
			return nil, fmt.Errorf("PEM block %d: %w", i+1, err)
		}
	}
	return parsed, nil
}

// ParseKey reads exactly one unencrypted private key in PEM: PKCS#8, PKCS#1 or SEC1. The
// error is [ErrEncryptedKey] for an encrypted key. Errors contain none of the input.
func ParseKey(data []byte) (crypto.Signer, error) {
	block, err := keyBlock(data)
	if err != nil {
		return nil, err
	}
	if isEncrypted(block) {
		return nil, ErrEncryptedKey
	}
	return parseKeyBlock(block)
}

func parseKeyBlock(block *pem.Block) (crypto.Signer, error) {
	key, err := pemutil.ParseKey(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes}))
	if err != nil {
		return nil, errors.New("the private key is malformed")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a key of type %T cannot sign", key)
	}
	return signer, nil
}

// FindPEM returns the blocks of a file that may have other text between them, as some
// programs write it. A malformed block is an error; a file without blocks is not.
func FindPEM(data []byte) ([]*pem.Block, error) {
	var blocks []*pem.Block
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		blocks = append(blocks, block)
	}
	if begun := bytes.Count(data, pemBegin); begun != len(blocks) {
		return nil, fmt.Errorf("%d PEM blocks begin, %d are well formed", begun, len(blocks))
	}
	return blocks, nil
}

// FindBlocks is [FindPEM] for files in PEM or DER: one certificate, CRL or certificate request
// in DER is returned as the block that it would be in PEM. Any other file has no blocks.
func FindBlocks(data []byte) ([]*pem.Block, error) {
	blocks, err := FindPEM(data)
	if err != nil || len(blocks) > 0 {
		return blocks, err
	}
	switch {
	case parses(data, x509.ParseCertificate):
		return []*pem.Block{{Type: certificateBlock, Bytes: data}}, nil
	case parses(data, x509.ParseRevocationList):
		return []*pem.Block{{Type: crlBlock, Bytes: data}}, nil
	case parses(data, x509.ParseCertificateRequest):
		return []*pem.Block{{Type: requestBlock, Bytes: data}}, nil
	}
	return nil, nil
}

func parses[T any](der []byte, parse func([]byte) (T, error)) bool {
	_, err := parse(der)
	return err == nil
}

// MarshalCertificates writes certificates in PEM, each block with a final newline.
func MarshalCertificates(certs ...*x509.Certificate) []byte {
	var out bytes.Buffer
	for _, cert := range certs {
		out.Write(pem.EncodeToMemory(&pem.Block{Type: certificateBlock, Bytes: cert.Raw}))
	}
	return out.Bytes()
}

// MarshalCRLs writes CRLs in PEM, each block with a final newline and nothing in between:
// ztunnel reads a file that does not begin with a block as DER.
func MarshalCRLs(lists ...*x509.RevocationList) []byte {
	var out bytes.Buffer
	for _, list := range lists {
		out.Write(pem.EncodeToMemory(&pem.Block{Type: crlBlock, Bytes: list.Raw}))
	}
	return out.Bytes()
}

// MarshalKey writes a private key in PEM as unencrypted PKCS#8. The error is about a key that
// cannot be exported, such as one in a device.
func MarshalKey(key crypto.Signer) ([]byte, error) {
	block, err := pemutil.Serialize(key, pemutil.WithPKCS8(true))
	if err != nil {
		return nil, fmt.Errorf("a key of type %T cannot be exported", key)
	}
	return pem.EncodeToMemory(block), nil
}

var (
	pemBegin = []byte("-----BEGIN ")
	pemEnd   = []byte("-----END ")
)

// pemBlocks splits a file into its PEM blocks. Unlike a loop over pem.Decode it skips
// nothing.
func pemBlocks(data []byte) ([]*pem.Block, error) {
	var blocks []*pem.Block
	for rest := bytes.TrimSpace(data); len(rest) > 0; rest = bytes.TrimSpace(rest) {
		n := len(blocks) + 1
		if !bytes.HasPrefix(rest, pemBegin) {
			return nil, fmt.Errorf("text that is not PEM stands before block %d", n)
		}
		var text []byte
		var err error
		if text, rest, err = cutBlock(rest); err != nil {
			return nil, fmt.Errorf("PEM block %d %w", n, err)
		}
		block, after := pem.Decode(text)
		if block == nil || len(bytes.TrimSpace(after)) > 0 {
			return nil, fmt.Errorf("PEM block %d is malformed", n)
		}
		blocks = append(blocks, block)
	}
	if len(blocks) == 0 {
		return nil, errors.New("no PEM block")
	}
	return blocks, nil
}

// cutBlock cuts data after the END line of the block that it begins with.
func cutBlock(data []byte) (block, rest []byte, err error) {
	end := bytes.Index(data, pemEnd)
	if end < 0 {
		return nil, nil, errors.New("has no END line")
	}
	length := bytes.IndexByte(data[end:], '\n') + 1
	if length == 0 {
		length = len(data) - end
	}
	block, rest = data[:end+length], data[end+length:]
	switch {
	case bytes.Contains(block[end:], pemBegin):
		return nil, nil, errors.New("is joined to the next one: a newline is missing after its END line")
	case bytes.Count(block, pemBegin) > 1:
		return nil, nil, errors.New("has no END line before the next one begins")
	}
	return block, rest, nil
}
