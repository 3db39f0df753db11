package ca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

var (
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidKeyUsage         = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidSubjectAltName   = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidNameConstraints  = asn1.ObjectIdentifier{2, 5, 29, 30}
	oidExtKeyUsage      = asn1.ObjectIdentifier{2, 5, 29, 37}
)

func critical(cert *x509.Certificate, oid asn1.ObjectIdentifier) bool {
	for _, ext := range cert.Extensions {
		if ext.Id.Equal(oid) {
			return ext.Critical
		}
	}
	return false
}

func checkLeafKey(l link) string {
	if err := supportedLeafKey(l.cert.PublicKey); err != nil {
		return err.Error()
	}
	return ""
}

func supportedLeafKey(key any) error {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() || k.Curve == elliptic.P384() {
			return nil
		}
	case *rsa.PublicKey:
		if k.N.BitLen() >= 2048 {
			return nil
		}
	}
	return fmt.Errorf("a leaf key of type %s is not supported, expected P-256, P-384 or RSA of 2048 bits or more", DescribeKey(key))
}

func checkLeafNotCA(l link) string {
	if l.cert.IsCA {
		return "is a CA"
	}
	return ""
}

func checkLeafKeyUsage(l link) string {
	usage := l.cert.KeyUsage
	switch {
	case usage&x509.KeyUsageDigitalSignature == 0:
		return "has no key usage digitalSignature"
	case usage&(x509.KeyUsageCertSign|x509.KeyUsageCRLSign) != 0:
		return "has the key usage of a CA"
	}
	return ""
}

func checkLeafExtKeyUsage(l link) string {
	usages := l.cert.ExtKeyUsage
	foreign := slices.ContainsFunc(usages, func(u x509.ExtKeyUsage) bool {
		return u != x509.ExtKeyUsageServerAuth && u != x509.ExtKeyUsageClientAuth
	})
	switch {
	case foreign || len(l.cert.UnknownExtKeyUsage) > 0:
		return "has an extended key usage other than serverAuth and clientAuth"
	case len(usages) == 0:
		return "has no extended key usage"
	}
	return ""
}

func checkLeafNames(l link) string {
	c := l.cert
	switch {
	case len(c.EmailAddresses) > 0 || len(c.IPAddresses) > 0:
		return "has an e-mail or IP address as a name"
	case len(c.URIs) == 0 && len(c.DNSNames) == 0:
		return "has neither a SPIFFE ID nor a DNS name"
	case len(c.URIs) == 0:
		return ""
	case len(c.DNSNames) > 0:
		return "has both a URI and a DNS name"
	case len(c.URIs) > 1:
		return fmt.Sprintf("has %d URIs, expected one SPIFFE ID", len(c.URIs))
	}
	if _, err := spiffeid.FromURI(c.URIs[0]); err != nil {
		return fmt.Sprintf("has the URI %q, expected a SPIFFE ID: %v", c.URIs[0], err)
	}
	return ""
}

func checkLeafCriticalNames(l link) string {
	if len(l.cert.Subject.Names) > 0 || critical(l.cert, oidSubjectAltName) || checkLeafNames(l) != "" {
		return ""
	}
	return "has an empty subject and a SAN that is not critical"
}

// checkLeafPermittedNames leaves the matching to crypto/x509, which verifies the signatures
// again, and only if the chain has constraints.
func checkLeafPermittedNames(l link) string {
	if !slices.ContainsFunc(l.chain[1:], constrained) {
		return ""
	}
	intermediates, roots := x509.NewCertPool(), x509.NewCertPool()
	for _, cert := range l.chain[1:] {
		intermediates.AddCert(cert)
	}
	roots.AddCert(l.chain[len(l.chain)-1])
	_, err := l.cert.Verify(x509.VerifyOptions{
		Intermediates: intermediates,
		Roots:         roots,
		CurrentTime:   l.now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	var invalid x509.CertificateInvalidError
	if !errors.As(err, &invalid) {
		return ""
	}
	switch invalid.Reason {
	case x509.CANotAuthorizedForThisName, x509.UnconstrainedName, x509.TooManyConstraints:
		return "is named outside the name constraints of its CAs: " + invalid.Detail
	}
	return ""
}

func constrained(cert *x509.Certificate) bool {
	return len(cert.PermittedURIDomains)+len(cert.ExcludedURIDomains)+
		len(cert.PermittedDNSDomains)+len(cert.ExcludedDNSDomains) > 0
}
