package cfssl

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cloudflare/cfssl/auth"
)

// MinAuthKey is the minimum length of a key in bytes. A shorter one could be guessed from a
// single request.
const MinAuthKey = 16

// AuthKey is the key that authenticates requests. Formatting never reveals it.
type AuthKey struct {
	token func(request []byte) ([]byte, error)
}

// ParseAuthKey parses a key in the form of a cfssl configuration: at least [MinAuthKey]
// bytes in hexadecimal, optionally surrounded by white space. It rejects the prefixes env:
// and file: of such a configuration. Errors never contain any of the input.
func ParseAuthKey(data []byte) (AuthKey, error) {
	text := strings.TrimSpace(string(data))
	raw, err := hex.DecodeString(text)
	switch {
	case text == "":
		return AuthKey{}, errors.New("the auth key is empty")
	case err != nil:
		return AuthKey{}, errors.New("the auth key is not hexadecimal")
	case len(raw) < MinAuthKey:
		return AuthKey{}, fmt.Errorf("the auth key has %d bytes, expected at least %d", len(raw), MinAuthKey)
	}
	provider, err := auth.New(text, nil)
	if err != nil {
		return AuthKey{}, errors.New("cfssl does not accept the auth key")
	}
	return AuthKey{token: provider.Token}, nil
}

// Format prints the name of the type for every verb.
func (k AuthKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "cfssl.AuthKey") }

// authenticate wraps a request in the form that authsign requires.
func (k AuthKey) authenticate(r signRequest) ([]byte, error) {
	request, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	token, err := k.token(request)
	if err != nil {
		return nil, err
	}
	return json.Marshal(auth.AuthenticatedRequest{Token: token, Request: request})
}
