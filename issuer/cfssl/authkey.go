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

// MinAuthKey is the least length of a key in bytes. Whoever sees one request can
// guess at a shorter one.
const MinAuthKey = 16

// AuthKey is the key with which requests are authenticated. No way of printing it
// shows it.
type AuthKey struct {
	token func(request []byte) ([]byte, error)
}

// ParseAuthKey reads a key as the configuration of a cfssl server holds it: at least
// [MinAuthKey] bytes in hexadecimal, with white space around them or without. The
// forms env: and file: of that configuration are refused. Errors never hold any of
// the input.
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
		return AuthKey{}, errors.New("the auth key is not one that cfssl takes")
	}
	return AuthKey{token: provider.Token}, nil
}

// Format prints the name of the type, whatever the verb.
func (k AuthKey) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "cfssl.AuthKey") }

// authenticate wraps a request the way that authsign wants it.
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
