package ca

import (
	"bytes"
	"crypto/x509"
	"slices"
)

// Complete returns a chain with its root: it appends the one of roots that issued
// the last certificate, unless that is a root itself. Name and key identifier tell
// which one; whether it signed is for the chain rules to say.
func Complete(chain, roots []*x509.Certificate) []*x509.Certificate {
	if len(chain) == 0 || selfIssued(chain[len(chain)-1]) {
		return slices.Clone(chain)
	}
	last := chain[len(chain)-1]
	i := slices.IndexFunc(roots, func(root *x509.Certificate) bool { return MatchIssuer(last.RawIssuer, last.AuthorityKeyId, root) })
	if i < 0 {
		return slices.Clone(chain)
	}
	return append(slices.Clone(chain), roots[i])
}

// MatchIssuer reports whether the issuer and the authority key identifier of a certificate or a CRL
// mean that CA (RFC 5280 §6.3.3 (f)): the names are the same, and so are the key identifiers
// where both have one, since a CA made elsewhere may share its name with its predecessor.
// Whether it signed is not asked.
func MatchIssuer(rawIssuer, authorityKeyID []byte, issuer *x509.Certificate) bool {
	sameKey := len(authorityKeyID) == 0 || len(issuer.SubjectKeyId) == 0 || bytes.Equal(authorityKeyID, issuer.SubjectKeyId)
	return sameKey && bytes.Equal(rawIssuer, issuer.RawSubject)
}
