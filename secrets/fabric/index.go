package fabric

import "crypto/x509"

// index finds CAs by their keys and by their names.
type index struct {
	byKey  map[string]*authority
	byName map[string][]*authority // by the bytes of their subjects
}

func newIndex(all []*authority) index {
	x := index{make(map[string]*authority, len(all)), make(map[string][]*authority, len(all))}
	for _, a := range all {
		x.add(a)
	}
	return x
}

func (x index) add(a *authority) {
	name := string(a.cert.RawSubject)
	x.byKey[a.id()], x.byName[name] = a, append(x.byName[name], a)
}

// issuerOf finds a certificate of the CA that signed another one, nil if that is not known.
func (x index) issuerOf(cert *x509.Certificate) *x509.Certificate {
	for _, a := range x.byName[string(cert.RawIssuer)] {
		for _, issuer := range a.certs {
			if cert.CheckSignatureFrom(issuer) == nil {
				return issuer
			}
		}
	}
	return nil
}
