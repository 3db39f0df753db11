package corpus

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/trustgen/trustgen/csr"
)

// spec is how a case differs from the default one, in which a workload requests its own
// SPIFFE ID.
type spec struct {
	title  string
	policy string                  // own by default
	who    string                  // the service account <namespace>/<name> of the requester, shop/cart by default
	ask    func(*Case)             // changes the request around the CSR
	csr    func(*draft)            // changes the CSR before it is signed
	bytes  func([]byte) []byte     // changes its DER afterwards
	pem    func(der []byte) string // writes it, as one valid block by default
	want   []csr.Check
	grant  *Grant
}

// Cases makes the corpus.
func Cases() []*Case {
	var cases []*Case
	for _, s := range specs() {
		cases = append(cases, s.make())
	}
	return cases
}

func specs() []spec {
	return slices.Concat(requestCases(), pemCases(), formCases(), keyCases(), subjectCases(), extensionCases(),
		nameCases(), spiffeCases(), serverCases(), ruleCases(), deputyCases(), vouchedCases(), validCases())
}

func (s *spec) make() *Case {
	d := newDraft()
	if s.csr != nil {
		s.csr(d)
	}
	encoded := d.der()
	if s.bytes != nil {
		encoded = s.bytes(encoded)
	}
	write := s.pem
	if write == nil {
		write = block
	}
	c := &Case{
		Title:     s.title,
		Policy:    cmp.Or(s.policy, "own"),
		Kind:      string(csr.KindCertificateSigningRequest),
		Requester: serviceAccount(cmp.Or(s.who, "shop/cart")),
		Usages:    []string{"digital signature", "key encipherment", "server auth", "client auth"},
		Lifetime:  "24h",
		Grant:     s.grant,
		CSR:       write(encoded),
	}
	for _, check := range s.want {
		c.RefusedBy = append(c.RefusedBy, string(check))
	}
	slices.Sort(c.RefusedBy)
	if s.ask != nil {
		s.ask(c)
	}
	return c
}

func block(der []byte) string { return armor("CERTIFICATE REQUEST", der) }

// serviceAccount is a requester as an API server describes it.
func serviceAccount(account string) Requester {
	namespace, name, _ := strings.Cut(account, "/")
	return Requester{
		Username: "system:serviceaccount:" + namespace + ":" + name,
		Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"},
	}
}

func only(check csr.Check) []csr.Check { return []csr.Check{check} }

const (
	istiod       = "istio-system/istiod"
	istiodsUser  = "system:serviceaccount:istio-system:istiod"
	bearsNothing = "system:authenticated"
)

func requestCases() []spec {
	user := func(username string, groups ...string) func(*Case) {
		return func(c *Case) { c.Requester = Requester{Username: username, Groups: groups} }
	}
	named := func(username string) func(*Case) {
		return func(c *Case) { c.Requester.Username = username }
	}
	usages := func(all ...string) func(*Case) { return func(c *Case) { c.Usages = all } }
	lifetime := func(s string) func(*Case) { return func(c *Case) { c.Lifetime = s } }
	return []spec{
		{title: "A kind that is not known", ask: func(c *Case) { c.Kind = "Certificate" }, want: only(csr.CheckKind)},
		{title: "Names beside a CSR that nobody vouches for", ask: func(c *Case) { c.Names = &Names{URIs: []string{cartID}} }, want: only(csr.CheckKind)},

		{title: "A person", ask: user("alice", bearsNothing), want: only(csr.CheckRequester)},
		{title: "A client certificate with the name of istiod", policy: "any", ask: user(istiodsUser, bearsNothing), want: only(csr.CheckRequester)},
		{title: "A client certificate with the name of istiod and the group of all service accounts", policy: "any",
			ask: user(istiodsUser, "system:serviceaccounts", bearsNothing), want: only(csr.CheckRequester)},
		{title: "The name of istiod with the groups of another namespace", policy: "any", ask: named(istiodsUser), want: only(csr.CheckRequester)},
		{title: "A user name with a part too many", who: istiod, policy: "any", ask: named(istiodsUser + ":x"), want: only(csr.CheckRequester)},
		{title: "A user name with a line break", who: istiod, policy: "any", ask: named(istiodsUser + "\n"), want: only(csr.CheckRequester)},
		{title: "A user name with a blank before it", who: istiod, policy: "any", ask: named(" " + istiodsUser), want: only(csr.CheckRequester)},
		{title: "A user name in another case", who: istiod, policy: "any", ask: named(strings.ToUpper(istiodsUser)), want: only(csr.CheckRequester)},
		{title: "A user name without a service account", ask: named("system:serviceaccount:shop:"), want: only(csr.CheckRequester)},
		{title: "A user name without a namespace", ask: user("system:serviceaccount::cart", "system:serviceaccounts", "system:serviceaccounts:"), want: only(csr.CheckRequester)},
		{title: "A user name with a namespace that cannot exist", who: "Shop/cart", want: only(csr.CheckRequester)},
		{title: "A node", ask: user("system:node:worker", "system:nodes", bearsNothing), want: only(csr.CheckRequester)},
		{title: "A user name that is very long", ask: named("system:serviceaccount:shop:" + strings.Repeat("x", 5000)), want: only(csr.CheckRequester)},

		{title: "The usage code signing", ask: usages("server auth", "code signing"), want: only(csr.CheckUsages)},
		{title: "The usage any", ask: usages("any"), want: only(csr.CheckUsages)},
		{title: "The usage cert sign", ask: usages("digital signature", "server auth", "cert sign"), want: only(csr.CheckUsages)},
		{title: "The usage crl sign", ask: usages("client auth", "crl sign"), want: only(csr.CheckUsages)},
		{title: "A usage in another case", ask: usages("client auth", "Server Auth"), want: only(csr.CheckUsages)},
		{title: "A usage that is empty", ask: usages("client auth", ""), want: only(csr.CheckUsages)},
		{title: "No usage of a server or client", ask: usages("digital signature", "key encipherment"), want: only(csr.CheckUsages)},

		{title: "A negative lifetime", ask: lifetime("-24h"), want: only(csr.CheckLifetime)},
		{title: "A lifetime of a nanosecond", ask: lifetime("1ns"), want: only(csr.CheckLifetime)},
		{title: "A lifetime of 59 seconds", ask: lifetime("59s"), want: only(csr.CheckLifetime)},
	}
}

func pemCases() []spec {
	text := func(s string) func([]byte) string { return func([]byte) string { return s } }
	blockType := func(name string) func([]byte) string {
		return func(der []byte) string { return armor(name, der) }
	}
	around := func(before, after string) func([]byte) string {
		return func(der []byte) string { return before + block(der) + after }
	}
	other := newDraft()
	other.names(uri("spiffe://cluster.local/ns/istio-system/sa/istiod"))
	second := block(other.der())
	return []spec{
		{title: "A CSR of 20 KiB", csr: manyNames(700), want: only(csr.CheckSize)},
		{title: "A CSR behind 17000 blanks", pem: around(strings.Repeat(" ", 17000), ""), want: only(csr.CheckSize)},
		{title: "No CSR", pem: text(""), want: only(csr.CheckPEM)},
		{title: "A CSR in base64 alone", pem: base64.StdEncoding.EncodeToString, want: only(csr.CheckPEM)},
		{title: "A second block for istiod", pem: around("", second), want: only(csr.CheckPEM)},
		{title: "A first block for istiod", pem: around(second, ""), want: only(csr.CheckPEM)},
		{title: "A first block that encoding pem skips", pem: around("-----BEGIN CERTIFICATE REQUEST-----\n!\n-----END CERTIFICATE REQUEST-----\n", ""), want: only(csr.CheckPEM)},
		{title: "Text before the block", pem: around("please sign\n", ""), want: only(csr.CheckPEM)},
		{title: "Text after the block", pem: around("", "thank you\n"), want: only(csr.CheckPEM)},
		{title: "Headers in the block", pem: func(der []byte) string {
			return strings.Replace(block(der), "-----\n", "-----\nProc-Type: 4,ENCRYPTED\n\n", 1)
		}, want: only(csr.CheckPEM)},
		{title: "A block for a certificate", pem: blockType("CERTIFICATE"), want: only(csr.CheckPEM)},
		{title: "A block for a new certificate request", pem: blockType("NEW CERTIFICATE REQUEST"), want: only(csr.CheckPEM)},
		{title: "A block for a private key", pem: blockType("PRIVATE KEY"), want: only(csr.CheckPEM)},
		{title: "A block without content", pem: text("-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n"), want: only(csr.CheckPEM)},
		{title: "A block without an end", pem: func(der []byte) string {
			return strings.TrimSuffix(block(der), "-----END CERTIFICATE REQUEST-----\n")
		}, want: only(csr.CheckPEM)},
		{title: "A block that is not base64", pem: text("-----BEGIN CERTIFICATE REQUEST-----\n!!!!\n-----END CERTIFICATE REQUEST-----\n"), want: only(csr.CheckPEM)},
	}
}
