package cfssl_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer/cfssl"
)

func TestNew_RejectsOptions(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	cert := clientCertificate(t)
	url := func(text string) func(*cfssl.Options) {
		return func(o *cfssl.Options) { o.URLs = []string{"https://ca.example.com", text} }
	}
	for name, test := range map[string]struct {
		spoil func(*cfssl.Options)
		want  string
	}{
		"no server":                      {func(o *cfssl.Options) { o.URLs = nil }, "URLs: no server is given"},
		"an http URL":                    {url("http://ca.example.com"), "URLs[1]: not an https URL"},
		"a URL without a scheme":         {url("ca.example.com"), "URLs[1]: not an https URL"},
		"an opaque URL":                  {url("https:ca.example.com"), "URLs[1]: has no host"},
		"a URL without a host":           {url("https://:8888"), "URLs[1]: has no host"},
		"a URL with a user":              {url("https://user:hunter2@ca.example.com"), "URLs[1]: has a user, expected none"},
		"a malformed URL with a user":    {url("https://user:hunter2@ca.example.com:port"), "URLs[1]: not a URL"},
		"a URL with a query":             {url("https://ca.example.com?a=b"), "URLs[1]: has a query, expected none"},
		"a URL with an empty query":      {url("https://ca.example.com/?"), "URLs[1]: has a query, expected none"},
		"a URL with a fragment":          {url("https://ca.example.com#a"), "URLs[1]: has a fragment, expected none"},
		"no key":                         {func(o *cfssl.Options) { o.AuthKey = cfssl.AuthKey{} }, "AuthKey: "},
		"no profile":                     {func(o *cfssl.Options) { o.Profile = "" }, "Profile: "},
		"a negative timeout":             {func(o *cfssl.Options) { o.Timeout = -time.Second }, "Timeout: -1s is negative"},
		"a missing intermediate":         {func(o *cfssl.Options) { o.Intermediates = []*x509.Certificate{nil} }, "Intermediates[0]: "},
		"a leaf among the intermediates": {func(o *cfssl.Options) { o.Intermediates = []*x509.Certificate{h.Root.Certificate(), h.Leaf} }, "Intermediates[1]: "},
		"no client certificate":          {func(o *cfssl.Options) { o.ClientCertificate = &tls.Certificate{PrivateKey: cert.PrivateKey} }, "ClientCertificate: the certificate"},
		"no key of a client certificate": {func(o *cfssl.Options) { o.ClientCertificate = &tls.Certificate{Certificate: cert.Certificate} }, "ClientCertificate: the private key"},
		"a malformed client certificate": {func(o *cfssl.Options) {
			o.ClientCertificate = &tls.Certificate{Certificate: [][]byte{{1}}, PrivateKey: cert.PrivateKey}
		}, "ClientCertificate: "},
	} {
		o := options(t)
		o.URLs = []string{"https://ca.example.com:8888/pki"}
		if _, err := cfssl.New(o); err != nil {
			t.Fatalf("the options are invalid: %v", err)
		}
		test.spoil(&o)
		_, err := cfssl.New(o)
		if err == nil || !strings.Contains(err.Error(), "cfssl: option "+test.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got the error %v, want %q", name, err, test.want)
		}
	}
}

func TestParseAuthKey_RejectsKeys(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " \n", "zz" + authKey[2:], authKey[1:], authKey[:30], "env:HOME", "file:/etc/passwd", "hex:" + authKey,
		authKey + " " + authKey, "0x" + authKey,
	} {
		_, err := cfssl.ParseAuthKey([]byte(text))
		if err == nil {
			t.Errorf("%q is accepted", text)
		} else if s := strings.TrimSpace(text); s != "" && strings.Contains(err.Error(), s) {
			t.Errorf("the error repeats the key: %v", err)
		}
	}
	for _, text := range []string{authKey, "  " + authKey + "\n", strings.ToUpper(authKey)} {
		if _, err := cfssl.ParseAuthKey([]byte(text)); err != nil {
			t.Errorf("%q is rejected: %v", text, err)
		}
	}
}

func TestFormat_DoesNotRevealTheKey(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.URLs = []string{"https://a.example.com", "https://b.example.com/pki"}
	i := client(t, o)
	raw := catest.Must(hex.DecodeString(authKey))(t)
	decimal := fmt.Sprintf("%d", raw)
	inGo := fmt.Sprintf("%#v", raw)
	secrets := []string{authKey, strings.ToUpper(authKey), string(raw), decimal[1:20], inGo[7:30], fmt.Sprintf("%x", authKey)}
	for _, value := range []any{i, o, &o, o.AuthKey, struct{ hidden cfssl.AuthKey }{o.AuthKey}, struct{ hidden *cfssl.Issuer }{i}, []any{o}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p"} {
			text := fmt.Sprintf(verb, value)
			if slices.ContainsFunc(secrets, func(secret string) bool { return strings.Contains(text, secret) }) {
				t.Errorf("%s of a %T shows the key", verb, value)
			}
		}
	}
	if got, want := fmt.Sprint(i), "cfssl.Issuer(https://a.example.com, https://b.example.com/pki)"; got != want {
		t.Errorf("an issuer prints as %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(o.AuthKey), "cfssl.AuthKey"; got != want {
		t.Errorf("a key prints as %s, want %s", got, want)
	}
}
