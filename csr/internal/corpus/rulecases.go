package corpus

import "github.com/trustgen/trustgen/csr"

// id is the SPIFFE ID of a service account <namespace>/sa/<name>.
func id(path string) string { return "spiffe://cluster.local/ns/" + path }

func asks(path string) func(*draft) { return func(d *draft) { d.names(uri(id(path))) } }

func asksHost(d *draft) { d.names(dns(istiodHost)) }

// ruleCases are requests that only a rule can refuse. Their policies have one rule.
func ruleCases() []spec {
	clientAuth := func(c *Case) { c.Usages = []string{"client auth"} }
	return []spec{
		{title: "A policy without anything", policy: "empty", want: only(csr.CheckAnyRule)},
		{title: "A policy without rules", policy: "no-rules", who: istiod, want: only(csr.CheckAnyRule)},

		{title: "A requester that the rule does not name", policy: "any", want: only(csr.CheckRuleRequester)},
		{title: "The name of istiod in another namespace", policy: "any", who: "shop/istiod", want: only(csr.CheckRuleRequester)},
		{title: "Another service account in the namespace of istiod", policy: "any", who: "istio-system/default", want: only(csr.CheckRuleRequester)},

		{title: "DNS names under a rule for SPIFFE IDs", policy: "any", who: istiod, csr: asksHost, want: only(csr.CheckRuleNames)},
		{title: "A SPIFFE ID under a rule for DNS names", policy: "serving", who: istiod, ask: serverAuth, want: only(csr.CheckRuleNames)},

		{title: "The identity of another service account", csr: asks("shop/sa/admin"), want: only(csr.CheckRuleOwnIdentity)},
		{title: "The identity of the same service account in another namespace", csr: asks("payments/sa/cart"), want: only(csr.CheckRuleOwnIdentity)},

		{title: "A namespace that the rule does not cover", policy: "narrow", who: istiod, ask: serverAuth, csr: asks("payments/sa/cart"), want: only(csr.CheckRuleNamespace)},
		{title: "A namespace that begins like that of the rule", policy: "narrow", who: istiod, ask: serverAuth, csr: asks("shop2/sa/cart"), want: only(csr.CheckRuleNamespace)},

		{title: "The namespace of istiod under a rule for all", policy: "any", who: istiod, csr: asks("istio-system/sa/istiod"), want: only(csr.CheckRuleSystemNamespace)},
		{title: "The namespace kube-system under a rule for all", policy: "any", who: istiod, csr: asks("kube-system/sa/default"), want: only(csr.CheckRuleSystemNamespace)},
		{title: "The namespace kube-public under a rule for all", policy: "any", who: istiod, csr: asks("kube-public/sa/default"), want: only(csr.CheckRuleSystemNamespace)},
		{title: "The namespace of trustgen under a rule for all", policy: "any", who: istiod, csr: asks("trustgen-system/sa/controller"), want: only(csr.CheckRuleSystemNamespace)},
		{title: "A system namespace of the policy under a rule for all", policy: "any", who: istiod, csr: asks("platform/sa/vault"), want: only(csr.CheckRuleSystemNamespace)},
		{title: "One's own identity in a system namespace under a rule for all", who: "kube-system/default", csr: asks("kube-system/sa/default"), want: only(csr.CheckRuleSystemNamespace)},

		{title: "A service account that the rule does not cover", policy: "narrow", who: istiod, ask: serverAuth, csr: asks("shop/sa/admin"), want: only(csr.CheckRuleServiceAccount)},

		{title: "A client's usage for DNS names", policy: "serving", who: istiod, csr: asksHost, want: only(csr.CheckRuleUsages)},
		{title: "A client's usage under a rule for servers", policy: "narrow", who: istiod, ask: clientAuth, want: only(csr.CheckRuleUsages)},

		{title: "A type of key that the rule does not have", policy: "narrow", who: istiod, ask: serverAuth, csr: func(d *draft) { d.key = p384("workload") }, want: only(csr.CheckRuleKey)},
		{title: "Everything that a rule can refuse at once", policy: "narrow", who: istiod, ask: clientAuth, csr: func(d *draft) {
			d.key = p384("workload")
			d.names(uri(id("payments/sa/admin")))
		}, want: []csr.Check{csr.CheckRuleNamespace, csr.CheckRuleServiceAccount, csr.CheckRuleUsages, csr.CheckRuleKey}},
	}
}

// deputyCases are requests for the identity of somebody else. Their policies have several
// rules.
func deputyCases() []spec {
	mesh := func(title, who string, csr func(*draft), want ...csr.Check) spec {
		return spec{title: title, policy: "mesh", who: who, csr: csr, want: want}
	}
	return []spec{
		{title: "A tenant who names the signer of another tenant", policy: "tenant", want: only(csr.CheckRuleRequester)},
		{title: "A tenant who names the signer of another tenant, with the identity of that one", policy: "tenant", csr: asks("payments/sa/ledger"), want: only(csr.CheckRuleRequester)},
		mesh("A workload that requests the DNS name of istiod", "shop/cart", asksHost, csr.CheckRuleRequester, csr.CheckRuleNames),
		mesh("A workload that requests the identity of istiod", "shop/cart", asks("istio-system/sa/istiod"), csr.CheckRuleRequester, csr.CheckRuleOwnIdentity, csr.CheckRuleSystemNamespace),
		mesh("A workload that requests the identity of another one", "shop/cart", asks("payments/sa/ledger"), csr.CheckRuleRequester, csr.CheckRuleOwnIdentity),
		mesh("A pod of istiod's namespace that requests its own identity", "istio-system/gateway", asks("istio-system/sa/gateway"), csr.CheckRuleRequester, csr.CheckRuleSystemNamespace),
		mesh("Istiod requests an identity of its own namespace", istiod, asks("istio-system/sa/gateway"), csr.CheckRuleSystemNamespace, csr.CheckRuleNames, csr.CheckRuleOwnIdentity),
		mesh("Istiod requests a DNS name that is not its own", istiod, func(d *draft) { d.names(dns("cart.shop.svc")) },
			csr.CheckRuleNames, csr.CheckRuleDNSNames, csr.CheckRuleUsages),
		mesh("Istiod requests a client's certificate with its DNS name", istiod, asksHost, csr.CheckRuleNames, csr.CheckRuleUsages),
		{title: "A request that two rules would allow together", policy: "split", who: istiod, csr: asks("payments/sa/ledger"), want: []csr.Check{csr.CheckRuleUsages, csr.CheckRuleNamespace}},
	}
}

// vouchedCases are requests with their names beside the CSR.
func vouchedCases() []spec {
	pod := func(title string, names *Names, csr func(*draft), want ...csr.Check) spec {
		return spec{title: title, csr: csr, want: want, ask: func(c *Case) { vouch(c, names) }}
	}
	cart := &Names{URIs: []string{cartID}}
	return []spec{
		pod("A pod without names beside its CSR", nil, nil, csr.CheckKind),
		pod("A pod whose CSR is not signed with its key", cart, func(d *draft) { d.sign = p256("thief").sign }, csr.CheckSignature),
		pod("A pod with a key of RSA-1024", cart, func(d *draft) { d.unsigned(spki(rsaSize(1024))) }, csr.CheckKey),
		pod("A pod whose CSR has an element too many", cart, func(d *draft) { d.more = [][]byte{der(tagNull)} }, csr.CheckForm),
		pod("A pod of another trust domain", &Names{URIs: []string{"spiffe://evil.example/ns/shop/sa/cart"}}, nil, csr.CheckTrustDomain),
		pod("A pod that is another one", &Names{URIs: []string{id("shop/sa/admin")}}, nil, csr.CheckRuleOwnIdentity),
		pod("A pod with a percent-encoded identity", &Names{URIs: []string{id("shop/sa/c%61rt")}}, nil, csr.CheckSPIFFEID),
		pod("A pod with a DNS name beside its identity", &Names{URIs: []string{cartID}, DNSNames: []string{istiodHost}}, nil, csr.CheckNames),
		pod("A pod with no identity but that of its CSR", &Names{}, nil, csr.CheckNames),
	}
}

func vouch(c *Case, names *Names) {
	c.Kind, c.Names, c.Usages = string(csr.KindPodCertificateRequest), names, nil
}
