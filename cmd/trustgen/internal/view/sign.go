package view

import (
	"crypto/x509"
	"fmt"
	"strconv"
	"strings"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/secrets/fabric"
)

// SignPreview are the lines of a certificate that sign is going to issue.
func SignPreview(p fabric.SignPreview) [][2]string {
	lines := [][2]string{
		{"cluster", p.Cluster},
		{"subject", p.Subject},
		{"key", fmt.Sprintf("%s, SHA-256 %s", p.Key.Type, p.Key.Fingerprint)},
		{"not after", term.Time(p.NotAfter)},
		{"constraints", constraints(p.Constraints)},
		{"issuer", fmt.Sprintf("%s, valid until %s", p.Issuer.Subject, term.Time(p.Issuer.NotAfter))},
	}
	for _, other := range p.Others {
		lines = append(lines, [2]string{"existing CA", fmt.Sprintf("%s, valid until %s", other.Subject, term.Time(other.NotAfter))})
	}
	return lines
}

// CrossCertificate are the lines of a cross-certificate.
func CrossCertificate(cross *x509.Certificate) [][2]string {
	described := certificateItem(cross)
	lines := [][2]string{
		{"subject", described.Subject},
		{"issuer", described.Issuer},
		{"path length", strconv.Itoa(cross.MaxPathLen)},
		{"not before", described.NotBefore},
		{"not after", described.NotAfter},
	}
	if len(described.PermittedNames)+len(described.ExcludedNames) == 0 {
		return append(lines, [2]string{"constraints", constraints(nil)})
	}
	lines = append(lines, [2]string{"permitted", strings.Join(described.PermittedNames, ", ")})
	if len(described.ExcludedNames) > 0 {
		lines = append(lines, [2]string{"excluded", strings.Join(described.ExcludedNames, ", ")})
	}
	return lines
}

func constraints(c *ca.NameConstraints) string {
	if c == nil {
		return "none: it can issue any name"
	}
	return fmt.Sprintf("the trust domain %s, and %s", c.TrustDomain, strings.Join(c.DNSNames, ", "))
}
