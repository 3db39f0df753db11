package corpus

import (
	"strings"

	"github.com/trustgen/trustgen/csr"
)

// validCases are requests as real clients send them, and some that resemble hostile ones.
func validCases() []spec {
	workload := func(rule, lifetime string) *Grant {
		return &Grant{Rule: rule, SPIFFEID: cartID, Usages: []string{"server auth", "client auth"}, Lifetime: lifetime}
	}
	server := func(lifetime string, hosts ...string) *Grant {
		return &Grant{Rule: "istiod-serving", DNSNames: hosts, Usages: []string{"server auth"}, Lifetime: lifetime}
	}
	lifetime := func(s string) func(*Case) { return func(c *Case) { c.Lifetime = s } }
	emptyOrganization := name(oidOrganization, tagPrintable, "")
	istiodHosts := []string{istiodHost, "istiod-remote.istio-system.svc", "istio-pilot.istio-system.svc"}
	return []spec{
		{title: "pilot-agent through istiod, RSA-2048 with an empty organization", policy: "mesh", who: istiod, csr: func(d *draft) {
			d.key, d.subject = pilotAgentKey(), emptyOrganization
		}, grant: workload("istiod", "24h")},
		{title: "pilot-agent through istiod, P-256 with an empty organization", policy: "mesh", who: istiod, csr: func(d *draft) { d.subject = emptyOrganization },
			grant: workload("istiod", "24h")},
		{title: "ztunnel through istiod, an empty subject and a SAN that is not critical", policy: "mesh", who: istiod, csr: func(d *draft) {
			d.extensions(extension(oidSubjectAltName, seq(uri(cartID))))
		}, grant: workload("istiod", "24h")},
		{title: "Istiod for its own names, for ten years", policy: "mesh", who: istiod, ask: func(c *Case) {
			serverAuth(c)
			c.Lifetime = "87600h"
		}, csr: func(d *draft) {
			d.key, d.subject = istiodKey(), emptyOrganization
			d.names(dns(istiodHosts[0]), dns(istiodHosts[1]), dns(istiodHosts[2]))
		}, grant: server("720h", istiodHosts...)},
		{title: "Istiod for one of its own names", policy: "mesh", who: istiod, ask: serverAuth, csr: asksHost, grant: server("24h", istiodHost)},
		{title: "A workload for itself", policy: "mesh", grant: workload("workloads", "12h")},
		{title: "A workload for itself, without a lifetime", policy: "mesh", ask: lifetime("0s"), grant: workload("workloads", "2h")},
		{title: "A workload for itself, for one minute", policy: "mesh", ask: lifetime("1m"), grant: workload("workloads", "1m")},
		{title: "A workload for itself, for 290 years", policy: "mesh", ask: lifetime("2540400h"), grant: workload("workloads", "12h")},
		{title: "A lifetime by default that is longer than the rule's", policy: "narrow", who: istiod, ask: func(c *Case) {
			serverAuth(c)
			c.Lifetime = "0s"
		}, grant: &Grant{Rule: "narrow", SPIFFEID: cartID, Usages: []string{"server auth"}, Lifetime: "30m"}},
		{title: "A system namespace that the rule has by name", policy: "narrow", who: istiod, ask: serverAuth, csr: asks("istio-system/sa/cart"),
			grant: &Grant{Rule: "narrow", SPIFFEID: id("istio-system/sa/cart"), Usages: []string{"server auth"}, Lifetime: "30m"}},
		{title: "Usages in another order, one of them twice", ask: func(c *Case) {
			c.Usages = []string{"client auth", "server auth", "client auth"}
		}, grant: workload("own", "24h")},
		{title: "A client only", ask: func(c *Case) { c.Usages = []string{"digital signature", "client auth"} },
			grant: &Grant{Rule: "own", SPIFFEID: cartID, Usages: []string{"client auth"}, Lifetime: "24h"}},
		{title: "A CertificateRequest of cert-manager with all extensions", ask: func(c *Case) { c.Kind = string(csr.KindCertificateRequest) }, csr: func(d *draft) {
			d.key = p384("workload")
			d.extensions(san(uri(cartID)), critical(oidKeyUsage, der(tagBitString, []byte{5, 0xa0})), extension(oidExtKeyUsage, seq(oid(oidServerAuth), oid(oidClientAuth))),
				critical(oidBasicConstraints, seq()))
		}, grant: workload("own", "24h")},
		{title: "Basic constraints that say FALSE", csr: func(d *draft) {
			d.extensions(san(uri(cartID)), extension(oidBasicConstraints, seq(der(tagBoolean, []byte{0}))))
		}, grant: workload("own", "24h")},
		{title: "A key of RSA-3072", csr: func(d *draft) { d.key = workloadRSA3072() }, grant: workload("own", "24h")},
		{title: "A block with line breaks of Windows", pem: func(der []byte) string { return strings.ReplaceAll(block(der), "\n", "\r\n") }, grant: workload("own", "24h")},
		{title: "A block with blank lines around it", pem: func(der []byte) string { return "\n" + block(der) + "\n\n" }, grant: workload("own", "24h")},
		{title: "A pod with a stub of a CSR", ask: func(c *Case) { vouch(c, &Names{URIs: []string{cartID}}) }, csr: func(d *draft) { d.attributes = nil }, grant: workload("own", "24h")},
		{title: "A pod whose CSR says something else", ask: func(c *Case) { vouch(c, &Names{URIs: []string{cartID}}) }, csr: func(d *draft) {
			d.subject = name(oidCommonName, tagUTF8, "istiod")
			d.extensions(san(dns(istiodHost)), critical(oidBasicConstraints, seq(der(tagBoolean, []byte{0xff}))))
		}, grant: workload("own", "24h")},
	}
}
