package ca_test

import (
	"testing"

	"github.com/trustgen/trustgen/ca"
)

func TestParseKeyType(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]ca.KeyType{"P-256": ca.P256, "p-384": ca.P384, "rsa-3072": ca.RSA3072, "RSA-4096": ca.RSA4096} {
		if got, err := ca.ParseKeyType(text); got != want || err != nil {
			t.Errorf("ParseKeyType(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "P-521", "Ed25519", "RSA-2048", "P-256 "} {
		if got, err := ca.ParseKeyType(text); err == nil {
			t.Errorf("ParseKeyType(%q) = %q, want an error", text, got)
		}
	}
}

func TestGenerateKey_RefusesUnknownTypes(t *testing.T) {
	t.Parallel()
	if _, err := ca.GenerateKey("P-521"); err == nil {
		t.Error("a P-521 key was made")
	}
}
