package cfssl_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/cfssl"
)

// FuzzResponse parses responses: the result is a certificate or an error, an error is short
// and printable, and only status 400 of authsign can be permanent.
func FuzzResponse(f *testing.F) {
	h := catest.New(f)
	valid := responseWith(pemOf(h.Leaf))
	for _, body := range []string{
		valid, responseWith(pemOf(h.Leaf) + pemOf(h.Root.Certificate())), valid[:len(valid)/2], valid + valid,
		failure(5500), failure(5300), failure(400), "404 page not found\n", "null", "[]", "{}",
		`{"success":true,"result":null}`, `{"success":true,"result":[7]}`, `{"success":true,"result":{"certificate":{}}}`,
		`{"success":true,"result":{"usages":[1],"expiry":{}}}`, `{"errors":[{"code":1e400}]}`, `{"errors":{}}`, strings.Repeat("[", 20_000),
	} {
		for _, code := range []int{http.StatusOK, http.StatusBadRequest, http.StatusFound, http.StatusBadGateway} {
			f.Add(code, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, code int, body []byte) {
		cert, err := cfssl.ParseSigned(code, body)
		if (cert == nil) == (err == nil) {
			t.Fatalf("a certificate: %t, the error %v", cert != nil, err)
		}
		var permanent *issuer.PermanentError
		if errors.As(err, &permanent) && (code != http.StatusBadRequest || permanent.Reason == "") {
			t.Errorf("status %d is permanent with the reason %q", code, permanent.Reason)
		}
		cert, reported := cfssl.ParseInfo(code, body)
		if (cert == nil) == (reported == nil) || errors.As(reported, &permanent) {
			t.Fatalf("info: a certificate: %t, the error %v", cert != nil, reported)
		}
		for _, err := range []error{err, reported} {
			if err != nil && (len(err.Error()) > 1200 || strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r > '~' })) {
				t.Errorf("the error is %q", err)
			}
		}
	})
}
