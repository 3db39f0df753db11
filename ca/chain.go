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
	i := slices.IndexFunc(roots, func(root *x509.Certificate) bool {
		sameKey := len(last.AuthorityKeyId) == 0 || len(root.SubjectKeyId) == 0 || bytes.Equal(last.AuthorityKeyId, root.SubjectKeyId)
		return sameKey && bytes.Equal(last.RawIssuer, root.RawSubject)
	})
	if i < 0 {
		return slices.Clone(chain)
	}
	return append(slices.Clone(chain), roots[i])
}
