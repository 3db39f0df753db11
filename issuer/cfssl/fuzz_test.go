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

// FuzzAnswer reads answers: there is a certificate or an error, an error is short
// and printable, and only status 400 to authsign can be permanent.
func FuzzAnswer(f *testing.F) {
	h := catest.New(f)
	good := answerWith(pemOf(h.Leaf))
	for _, body := range []string{
		good, answerWith(pemOf(h.Leaf) + pemOf(h.Root.Certificate())), good[:len(good)/2], good + good,
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
		cert, told := cfssl.ParseInfo(code, body)
		if (cert == nil) == (told == nil) || errors.As(told, &permanent) {
			t.Fatalf("info: a certificate: %t, the error %v", cert != nil, told)
		}
		for _, err := range []error{err, told} {
			if err != nil && (len(err.Error()) > 1200 || strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r > '~' })) {
				t.Errorf("the error is %q", err)
			}
		}
	})
}
