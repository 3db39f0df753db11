package ca

import (
	"bytes"
	"crypto/x509"
	"slices"
)

// Complete appends the root to a chain: the one of roots that issued the last certificate,
// by name and key identifier. A chain that ends with a root, or whose root is missing, is
// returned as it is. Signatures are not verified; that is up to the chain rules.
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

// MatchIssuer reports whether the issuer name and the authority key identifier of a
// certificate or CRL are those of a CA (RFC 5280 §4.2.1.1 and §5.2.1): the names are equal,
// and so are the key identifiers where both have one, since the CAs of other programs may
// share a name with their predecessor. The signature is not verified.
func MatchIssuer(rawIssuer, authorityKeyID []byte, issuer *x509.Certificate) bool {
	sameKey := len(authorityKeyID) == 0 || len(issuer.SubjectKeyId) == 0 || bytes.Equal(authorityKeyID, issuer.SubjectKeyId)
	return sameKey && bytes.Equal(rawIssuer, issuer.RawSubject)
}
