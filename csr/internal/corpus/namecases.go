package corpus

import (
	"strings"

	"github.com/trustgen/trustgen/csr"
)

func nameCases() []spec {
	names := func(all ...[]byte) func(*draft) { return func(d *draft) { d.names(all...) } }
	beside := func(other []byte) func(*draft) { return names(uri(cartID), other) }
	context := func(tag byte, content ...[]byte) []byte { return der(tagContext|tag, content...) }
	return []spec{
		{title: "An IP address beside the SPIFFE ID", csr: beside(context(7, []byte{10, 0, 0, 1})), want: only(csr.CheckNameTypes)},
		{title: "An e-mail address beside the SPIFFE ID", csr: beside(email("cart@example.com")), want: only(csr.CheckNameTypes)},
		{title: "A name of another type, which crypto x509 ignores", csr: beside(context(0|constructed, oid(oidUnknown), context(0|constructed, der(tagUTF8, []byte("istiod"))))), want: only(csr.CheckNameTypes)},
		{title: "An X.400 address, which crypto x509 ignores", csr: beside(context(3|constructed, seq())), want: only(csr.CheckNameTypes)},
		{title: "A directory name, which crypto x509 ignores", csr: beside(context(4|constructed, name(oidCommonName, tagUTF8, "istiod"))), want: only(csr.CheckNameTypes)},
		{title: "An EDI party name, which crypto x509 ignores", csr: beside(context(5|constructed, context(1|constructed, der(tagUTF8, []byte("istiod"))))), want: only(csr.CheckNameTypes)},
		{title: "A registered ID, which crypto x509 ignores", csr: beside(context(8, []byte{0x2a, 0x03})), want: only(csr.CheckNameTypes)},
		{title: "A URI that is constructed, which crypto x509 ignores", csr: beside(context(6|constructed, uri(cartID))), want: only(csr.CheckNameTypes)},
		{title: "An IP address alone", csr: names(context(7, []byte{10, 0, 0, 1})), want: []csr.Check{csr.CheckNameTypes, csr.CheckNames}},

		{title: "No extensions", csr: func(d *draft) { d.attributes = nil }, want: only(csr.CheckNames)},
		{title: "A SAN without names", csr: names(), want: only(csr.CheckNames)},
		{title: "Two SPIFFE IDs", csr: names(uri(cartID), uri("spiffe://cluster.local/ns/istio-system/sa/istiod")), want: only(csr.CheckNames)},
		{title: "The same SPIFFE ID twice", csr: names(uri(cartID), uri(cartID)), want: only(csr.CheckNames)},
		{title: "A SPIFFE ID and another URI", csr: names(uri(cartID), uri("https://example.com")), want: only(csr.CheckNames)},
		{title: "A SPIFFE ID and a DNS name", csr: names(uri(cartID), dns("cart.shop.svc")), want: only(csr.CheckNames)},
		{title: "A SPIFFE ID and an empty DNS name", csr: names(uri(cartID), dns("")), want: only(csr.CheckNames)},
	}
}

// spiffeCases are URIs that a lax verifier could accept as a SPIFFE ID.
func spiffeCases() []spec {
	var all []spec
	add := func(check csr.Check, titlesAndURIs ...string) {
		for i := 0; i < len(titlesAndURIs); i += 2 {
			id := titlesAndURIs[i+1]
			all = append(all, spec{title: titlesAndURIs[i], csr: func(d *draft) { d.names(uri(id)) }, want: only(check)})
		}
	}
	add(csr.CheckSPIFFEID,
		"A URI of another scheme", "https://cluster.local/ns/shop/sa/cart",
		"A scheme in another case", "SPIFFE://cluster.local/ns/shop/sa/cart",
		"A trust domain in another case", "spiffe://Cluster.Local/ns/shop/sa/cart",
		"A user before the trust domain", "spiffe://cluster.local@evil.example/ns/shop/sa/cart",
		"A port after the trust domain", "spiffe://cluster.local:443/ns/shop/sa/cart",
		"No trust domain", "spiffe:///ns/shop/sa/cart",
		"A URI that is opaque", "spiffe:cluster.local/ns/shop/sa/cart",
		"A percent-encoded service account", "spiffe://cluster.local/ns/shop/sa/%63art",
		"A percent-encoded separator", "spiffe://cluster.local/ns/shop%2fsa/sa/cart",
		"A percent-encoded NUL", "spiffe://cluster.local/ns/shop/sa/cart%00",
		"An empty segment", "spiffe://cluster.local/ns//shop/sa/cart",
		"An empty namespace", "spiffe://cluster.local/ns//sa/cart",
		"An empty service account", "spiffe://cluster.local/ns/shop/sa/",
		"A slash at the end", cartID+"/",
		"A dot segment", "spiffe://cluster.local/ns/shop/./sa/cart",
		"A dot-dot segment", "spiffe://cluster.local/ns/istio-system/../shop/sa/cart",
		"A query", cartID+"?ns=istio-system",
		"An empty query", cartID+"?",
		"A fragment", cartID+"#istiod",
		"An empty fragment", cartID+"#",
		"A blank at the end", cartID+" ",
		"A backslash", `spiffe://cluster.local/ns/shop\sa/cart`,
		"A wildcard for a service account", "spiffe://cluster.local/ns/shop/sa/*",
		"An empty URI", "",
		"A URI that is very long and not a SPIFFE ID", cartID+strings.Repeat("~", 2000),
	)
	add(csr.CheckWorkloadPath,
		"No path", "spiffe://cluster.local",
		"A path of another form", "spiffe://cluster.local/workload/cart",
		"The service account before the namespace", "spiffe://cluster.local/sa/cart/ns/shop",
		"A segment after the service account", cartID+"/admin",
		"A segment before the namespace", "spiffe://cluster.local/mesh/ns/shop/sa/cart",
		"Two service accounts", cartID+"/sa/istiod",
		"No service account", "spiffe://cluster.local/ns/shop",
		"A path in another case", "spiffe://cluster.local/NS/shop/SA/cart",
		"A namespace in another case", "spiffe://cluster.local/ns/Shop/sa/cart",
		"A service account in another case", "spiffe://cluster.local/ns/shop/sa/Cart",
		"A namespace with a dot", "spiffe://cluster.local/ns/shop.istio-system/sa/cart",
		"A namespace that ends with a hyphen", "spiffe://cluster.local/ns/shop-/sa/cart",
		"A namespace that is too long", "spiffe://cluster.local/ns/"+strings.Repeat("s", 64)+"/sa/cart",
		"A service account with an underscore", "spiffe://cluster.local/ns/shop/sa/ca_rt",
		"A service account that ends with a dot", "spiffe://cluster.local/ns/shop/sa/cart.",
		"A service account that is too long", "spiffe://cluster.local/ns/shop/sa/"+strings.Repeat("c", 254),
	)
	add(csr.CheckTrustDomain,
		"Another trust domain", "spiffe://evil.example/ns/shop/sa/cart",
		"A sub-domain of the trust domain", "spiffe://a.cluster.local/ns/shop/sa/cart",
		"The parent of the trust domain", "spiffe://local/ns/shop/sa/cart",
		"A trust domain that begins like it", "spiffe://cluster.local.evil.example/ns/shop/sa/cart",
		"A trust domain that ends like it", "spiffe://evilcluster.local/ns/shop/sa/cart",
		"A trust domain with an underscore for the dot", "spiffe://cluster_local/ns/shop/sa/cart",
	)
	return append(all,
		spec{title: "A trust domain with a dot at the end", csr: func(d *draft) { d.names(uri("spiffe://cluster.local./ns/shop/sa/cart")) },
			want: []csr.Check{csr.CheckForm, csr.CheckTrustDomain}},
		spec{title: "A trust domain that is percent-encoded", csr: func(d *draft) { d.names(uri("spiffe://cluster%2elocal/ns/shop/sa/cart")) },
			want: []csr.Check{csr.CheckForm, csr.CheckSPIFFEID}},
		spec{title: "A letter of another alphabet", csr: func(d *draft) { d.names(uri("spiffe://сluster.local/ns/shop/sa/cart")) },
			want: []csr.Check{csr.CheckForm, csr.CheckSPIFFEID}},
		spec{title: "A NUL in the middle", csr: func(d *draft) { d.names(uri("spiffe://cluster.local/ns/shop/sa/cart\x00.evil")) },
			want: []csr.Check{csr.CheckForm, csr.CheckSPIFFEID}})
}

func serverCases() []spec {
	server := func(title string, check csr.Check, names ...string) spec {
		return spec{title: title, policy: "serving", who: istiod, ask: serverAuth, want: only(check), csr: func(d *draft) {
			var all [][]byte
			for _, name := range names {
				all = append(all, dns(name))
			}
			d.names(all...)
		}}
	}
	return []spec{
		server("A DNS name in another case", csr.CheckDNSNames, "Istiod.istio-system.svc"),
		server("A DNS name with a wildcard", csr.CheckDNSNames, "*.istio-system.svc"),
		server("A DNS name with a dot at the end", csr.CheckDNSNames, istiodHost+"."),
		server("A DNS name with an empty label", csr.CheckDNSNames, "istiod..svc"),
		server("A DNS name with a blank", csr.CheckDNSNames, istiodHost+" "),
		server("A DNS name with a NUL", csr.CheckDNSNames, istiodHost+"\x00.evil.example"),
		server("An empty DNS name", csr.CheckDNSNames, istiodHost, ""),
		server("An IP address as a DNS name", csr.CheckDNSNames, "10.0.0.1"),
		server("A DNS name with a label that is too long", csr.CheckDNSNames, strings.Repeat("i", 64)+".istio-system.svc"),
		server("The same DNS name twice", csr.CheckDNSNames, istiodHost, istiodHost),
		{title: "More DNS names than a server can have", policy: "serving", who: istiod, ask: serverAuth, csr: manyNames(101), want: only(csr.CheckDNSNames)},

		server("A sub-domain of a DNS name of the rule", csr.CheckRuleDNSNames, "evil."+istiodHost),
		server("The parent of a DNS name of the rule", csr.CheckRuleDNSNames, "istio-system.svc"),
		server("A DNS name that the rule does not have, beside one that it has", csr.CheckRuleDNSNames, istiodHost, "kubernetes.default.svc"),
	}
}

// serverAuth sets the usages of istiod's own requests.
func serverAuth(c *Case) {
	c.Usages = []string{"digital signature", "key encipherment", "server auth"}
}
