package e2e_test

import (
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/verifiers"
)

// proveAuthority checks a CA certificate with zlint and with the verifiers that judge one by
// itself.
func proveAuthority(t *testing.T, a *authority, judges []verifiers.Verifier) {
	t.Helper()
	if broken := brokenRules(t, a); len(broken) > 0 {
		t.Errorf("zlint: %q breaks %v", a.cert.Subject, broken)
	}
	if err := verifyAuthority(t, a, judges); err != nil {
		t.Errorf("%q as a signer of CRLs: %v", a.cert.Subject, err)
	}
}

// TestVerifiers_RejectBadAuthority shows that proveAuthority can fail.
func TestVerifiers_RejectBadAuthority(t *testing.T) {
	judges := findVerifiers(t)
	root := newMesh(t, "P-256", "east").root

	t.Run("zlint reports a path length without keyCertSign", func(t *testing.T) {
		template := intermediateTemplate(0)
		template.KeyUsage = x509.KeyUsageCRLSign
		got, want := brokenRules(t, root.subordinate(t, template)), "e_path_len_constraint_improperly_included"
		if !slices.Contains(got, want) {
			t.Errorf("got %v, want %s among them", got, want)
		}
	})
	t.Run("OpenSSL reports a missing cRLSign", func(t *testing.T) {
		template := intermediateTemplate(0)
		template.KeyUsage = x509.KeyUsageCertSign
		err := verifyAuthority(t, root.subordinate(t, template), judges)
		var r *verifiers.Refusal
		if want := "unsuitable certificate purpose"; !errors.As(err, &r) || !strings.Contains(r.Reason, want) {
			t.Errorf("got %v, want a refusal because of %q", err, want)
		}
	})
}

// brokenRules are the lints that fail. Warnings and notices are logged.
func brokenRules(t *testing.T, a *authority) []string {
	t.Helper()
	findings, err := verifiers.Lint(a.cert.Raw)
	if err != nil {
		t.Fatalf("zlint: %q: %v", a.cert.Subject, err)
	}
	var broken []string
	for _, f := range findings {
		t.Logf("zlint: %q: %v", a.cert.Subject, f)
		if f.Bad() {
			broken = append(broken, f.Lint)
		}
	}
	return broken
}

// verifyAuthority runs every verifier that judges authorities.
func verifyAuthority(t *testing.T, a *authority, judges []verifiers.Verifier) error {
	t.Helper()
	var errs []error
	for _, judge := range judges {
		if judge, ok := judge.(verifiers.AuthorityVerifier); ok {
			errs = append(errs, judge.VerifyAuthority(t.Context(), a.roots, a.chain))
		}
	}
	if errs == nil {
		t.Fatal("no verifier judges authorities")
	}
	return errors.Join(errs...)
}
