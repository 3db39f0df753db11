package verifiers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	"github.com/zmap/zlint/v3/lint"
)

// A Finding is the result of one lint for a certificate.
type Finding struct {
	Lint   string // in zlint's names
	Status lint.LintStatus
	Detail string
}

// Bad reports whether the certificate violates a rule; otherwise the finding is a warning or a
// notice.
func (f Finding) Bad() bool { return f.Status >= lint.Error }

func (f Finding) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Status, f.Lint, f.Detail))
}

// Lint returns the findings of zlint for a certificate in DER, in the order of the names of the
// lints. The rules of the public web PKI (CA/Browser Forum, root programs) do not apply to a
// mesh and are left out.
func Lint(der []byte) ([]Finding, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	registry, err := lint.GlobalRegistry().Filter(lint.FilterOptions{
		IncludeSources: lint.SourceList{lint.RFC3279, lint.RFC5280, lint.RFC5480, lint.RFC8813, lint.Community},
	})
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for name, result := range zlint.LintCertificateEx(cert, registry).Results {
		if result.Status >= lint.Notice {
			findings = append(findings, Finding{name, result.Status, result.Details})
		}
	}
	slices.SortFunc(findings, func(a, b Finding) int { return cmp.Compare(a.Lint, b.Lint) })
	return findings, nil
}
