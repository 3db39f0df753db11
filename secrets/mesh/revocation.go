package mesh

import "crypto/x509"

// revocationOf finds the entry of a certificate in the CRL of a CA with the name of its
// issuer; nil if it is not revoked.
func (m *Mesh) revocationOf(cert *x509.Certificate) *Revocation {
	return m.revocation(newCertificate(cert))
}

func (m *Mesh) revocation(c *Certificate) *Revocation {
	for _, issuer := range m.known.byName[c.ID.issuer] {
		if e := issuer.revoked[c.ID.serial]; e != nil {
			return &Revocation{Reason: Reason(e.ReasonCode), At: e.RevocationTime}
		}
	}
	return nil
}

// revocationOfCA is the entry of the certificate that ends last, if all certificates of a CA
// are revoked.
func (m *Mesh) revocationOfCA(a *CA) *Revocation {
	var last *Revocation
	for i := len(a.certs) - 1; i >= 0; i-- {
		if last = m.revocation(a.certs[i]); last == nil {
			return nil
		}
	}
	return last
}

// IsRevoked reports whether all certificates of a CA are revoked.
func (m *Mesh) IsRevoked(a *CA) bool { return m.revocationOfCA(a) != nil }

// CheckUnrevoked refuses a chain with a CA that a CRL of the mesh revokes. The error is a
// [*RevokedError].
func (m *Mesh) CheckUnrevoked(chain []*x509.Certificate) error {
	for _, cert := range chain {
		if r := m.revocationOf(cert); r != nil {
			return &RevokedError{Certificate: Summarize(cert), Revocation: *r}
		}
	}
	return nil
}
