package mesh

import (
	"crypto/x509"
	"slices"
)

// index finds CAs by their keys, names and clusters.
type index struct {
	byKey     map[string]*CA
	byName    map[string][]*CA // by the DER of their subjects
	byCluster map[string][]*CA
}

func newIndex(capacity int) index {
	return index{make(map[string]*CA, capacity), make(map[string][]*CA, capacity), make(map[string][]*CA, capacity)}
}

func (x index) add(a *CA) {
	name := string(a.Certificate().RawSubject)
	x.byKey[a.id], x.byName[name] = a, append(x.byName[name], a)
	if a.Cluster != "" {
		x.byCluster[a.Cluster] = append(x.byCluster[a.Cluster], a)
	}
}

// assign makes a CA an intermediate of a cluster.
func (x index) assign(a *CA, cluster string) {
	if a.Cluster == cluster {
		return
	}
	x.byCluster[a.Cluster] = slices.DeleteFunc(x.byCluster[a.Cluster], func(other *CA) bool { return other == a })
	a.Cluster = cluster
	x.byCluster[cluster] = append(x.byCluster[cluster], a)
}

// issuerOf finds a certificate of the CA that signed another one, nil if that CA is not known.
func (x index) issuerOf(cert *x509.Certificate) *x509.Certificate {
	for _, a := range x.byName[string(cert.RawIssuer)] {
		for _, issuer := range a.certs {
			if cert.CheckSignatureFrom(issuer.Certificate) == nil {
				return issuer.Certificate
			}
		}
	}
	return nil
}
