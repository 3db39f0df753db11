package e2e_test

import (
	"crypto/x509"
	"slices"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/test/e2e/istiod"
)

// TestVerifiers_NameConstraints shows which names verifiers accept below an intermediate with
// name constraints: those of the program, and others that look valid.
func TestVerifiers_NameConstraints(t *testing.T) {
	t.Parallel()
	root := newLocalRoot(t, "root")
	c := boundedCluster{root: root, east: root.below(t, "east", ca.IntermediateOptions{Constraints: istioConstraints("cluster.local")})}
	judge(t, slices.Concat(c.inside(), c.outside(), c.unlike(t), c.misspelt(t)))
}

// How libraries differ about URI constraints.
const (
	refusesURIs     = "rustls rejects every URI below a URI constraint"
	overlooksURIs   = "GnuTLS ignores URI constraints"
	readsSubdomains = "crypto/x509 lets a permitted host include its sub-domains; " + overlooksURIs
	knowsNoIPs      = "BoringSSL rejects an address because it cannot parse the constraint"
)

// subdomain is the verdict on a sub-domain of a permitted URI domain.
func subdomain() verdict { return all(notPermitted).but(accepted, byGo, byGnuTLS) }

func istioConstraints(trustDomain string) *ca.NameConstraints {
	return &ca.NameConstraints{TrustDomain: trustDomain, DNSNames: []string{
		istiod.ServerName, "istiod-remote.istio-system.svc", "istio-pilot.istio-system.svc",
	}}
}

// A boundedCluster is a cluster whose intermediate has name constraints.
type boundedCluster struct{ root, east localCA }

// by is the chain of a leaf below the intermediate.
func (c boundedCluster) by(name string, want verdict, leaf ...string) judgement {
	return judgement{name: name, issuer: c.east.byHand(), leaf: leaf, trusts: c.root.Chain(), want: want}
}

func (c boundedCluster) inside() []judgement {
	return []judgement{
		c.by("a workload", all(accepted).but(refused, byRustls), checkoutID).because(refusesURIs),
		c.by("istiod", all(accepted), istiod.ServerName),
		c.by("istiod with all its names", all(accepted), istioConstraints("cluster.local").DNSNames...),
		c.by("a host below istiod's name", all(accepted), "canary."+istiod.ServerName),
	}
}

func (c boundedCluster) outside() []judgement {
	uri := all(notPermitted).but(accepted, byGnuTLS)
	return []judgement{
		c.by("a workload of another trust domain", uri, "spiffe://other.example.org/ns/shop/sa/cart").because(overlooksURIs),
		c.by("a workload of a trust domain with the same ending", uri, "spiffe://mycluster.local/ns/shop/sa/cart").because(overlooksURIs),
		c.by("a workload of two trust domains", uri, checkoutID, "spiffe://other.example.org/ns/shop/sa/cart").because(overlooksURIs),
		c.by("a workload of a sub-domain", subdomain(), "spiffe://sub.cluster.local/ns/shop/sa/cart").because(readsSubdomains),
		c.by("an istiod that is not listed", all(notPermitted), "istiod-canary.istio-system.svc"),
		c.by("an IPv4 address", all(excluded).but(badConstraint, byBoringSSL), "10.0.0.1").because(knowsNoIPs),
		c.by("an IPv6 address", all(excluded).but(badConstraint, byBoringSSL), "fd00::1").because(knowsNoIPs),
		c.by("a workload that has a host name as well", all(notPermitted), checkoutID, "example.com"),
	}
}

// changed is the chain of a leaf below an intermediate that crypto/x509 signed with these
// constraints.
func (c boundedCluster) changed(t *testing.T, name string, uris, hosts []string, want verdict, leaf ...string) judgement {
	t.Helper()
	cert := c.root.byHand().reissue(t, c.east.Certificate(), func(cert *x509.Certificate) {
		cert.PermittedURIDomains, cert.PermittedDNSDomains = uris, hosts
	})
	issuer := &authority{cert: cert, key: c.east.key, chain: concat(cert, c.root.Certificate())}
	return judgement{name: name, issuer: issuer, leaf: leaf, trusts: c.root.Chain(), want: want}
}

// unlike is about valid constraints that the program does not create.
func (c boundedCluster) unlike(t *testing.T) []judgement {
	uris, hosts := []string{"cluster.local"}, []string{istiod.ServerName}
	return []judgement{
		c.changed(t, "for the trust domain alone, a workload", uris, nil, all(accepted).but(refused, byRustls), checkoutID).because(refusesURIs),
		c.changed(t, "for the trust domain alone, istiod", uris, nil, all(accepted), istiod.ServerName),
		c.changed(t, "for istiod's name alone, a workload", nil, hosts, all(accepted), checkoutID),
		c.changed(t, "for istiod's name alone, istiod", nil, hosts, all(accepted), istiod.ServerName),
		c.changed(t, "for istiod's name alone, another host", nil, hosts, all(notPermitted), "example.com"),
		c.changed(t, "for the trust domain and other hosts, istiod", uris, []string{"example.com"}, all(notPermitted), istiod.ServerName),
	}
}

// misspelt is about forms of a trust domain that crypto/x509 signs and the program refuses.
func (c boundedCluster) misspelt(t *testing.T) []judgement {
	outside := all(notPermitted).but(accepted, byGnuTLS)
	unreadable := outside.but(badConstraint, byBoringSSL)
	var judgements []judgement
	for _, m := range []struct {
		trustDomain string
		want        verdict
	}{
		{"spiffe://cluster.local", unreadable},
		{"cluster.local/ns/shop", unreadable},
		{".cluster.local", outside},
	} {
		_, err := ca.Intermediate(ca.IntermediateOptions{Constraints: istioConstraints(m.trustDomain)})
		if want := "is not a host"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got the error %v for the constraint %s, want one with %q", err, m.trustDomain, want)
		}
		uris, hosts := []string{m.trustDomain}, []string{istiod.ServerName}
		judgements = append(judgements,
			c.changed(t, "for "+m.trustDomain+", a workload", uris, hosts, m.want, checkoutID).because(overlooksURIs),
			c.changed(t, "for "+m.trustDomain+", istiod", uris, hosts, all(accepted), istiod.ServerName),
		)
	}
	return judgements
}
