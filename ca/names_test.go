package ca_test

import (
	"crypto"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
)

func TestTaggedName(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	for _, name := range []string{"east", strings.Repeat("ü", 64)} {
		r := eastRequest()
		r.CommonName = name
		want := catest.Issue(t, h.Root, intermediateProfile(t), r).Subject.CommonName
		if got := catest.Must(ca.TaggedName(name, r.PublicKey))(t); got != want {
			t.Errorf("the tagged name is %q, the authority's %q", got, want)
		}
		if other := catest.Must(ca.TaggedName(name, catest.Key("other").Public()))(t); other == want {
			t.Errorf("two keys share the name %q", other)
		}
	}
}

func TestTaggedName_Errors(t *testing.T) {
	t.Parallel()
	key := catest.Key("east").Public()
	for what, test := range map[string]struct {
		name string
		key  crypto.PublicKey
		want string
	}{
		"no name":             {"", key, "the common name is missing"},
		"a control character": {"ea\x00st", key, "cannot be printed"},
		"a space at the end":  {"east ", key, "begins or ends with a space"},
		"no key":              {"east", nil, "cannot be encoded"},
	} {
		if got, err := ca.TaggedName(test.name, test.key); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %q and the error %v, want one with %q", what, got, err, test.want)
		}
	}
}

func TestCheckDNSName(t *testing.T) {
	t.Parallel()
	for name, valid := range map[string]bool{
		"istiod.istio-system.svc": true,
		"a":                       true,
		"1password.example":       true,
		"":                        false,
		"*.example":               false,
		"Example.com":             false,
		"example.com.":            false,
		"a..b":                    false,
		"-a.example":              false,
		"10.0.0.1":                false,
		"::1":                     false,
		"a_b.example":             false,
	} {
		if err := ca.CheckDNSName(name); (err == nil) != valid {
			t.Errorf("%q: got the error %v", name, err)
		}
	}
}
