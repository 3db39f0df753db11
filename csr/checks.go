package csr

import "slices"

// Check names one of the checks.
type Check string

// The checks that parsing a request makes. A part that depends on a malformed one is not
// read, and so not checked.
const (
	CheckRequester    Check = "requester"
	CheckSize         Check = "size"
	CheckPEM          Check = "pem"
	CheckForm         Check = "form"
	CheckKey          Check = "key"
	CheckNames        Check = "names"
	CheckDNSNames     Check = "dns-names"
	CheckSPIFFEID     Check = "spiffe-id"
	CheckWorkloadPath Check = "workload-path"
)

// The checks of the parsed request itself.
const (
	CheckKind        Check = "kind"
	CheckUsages      Check = "usages"
	CheckLifetime    Check = "lifetime"
	CheckSubject     Check = "subject"
	CheckAttributes  Check = "attributes"
	CheckExtensions  Check = "extensions"
	CheckNotCA       Check = "not-ca"
	CheckKeyUsage    Check = "key-usage"
	CheckExtKeyUsage Check = "ext-key-usage"
	CheckNameTypes   Check = "name-types"
	CheckTrustDomain Check = "trust-domain"
	CheckSignature   Check = "signature"
	CheckAnyRule     Check = "any-rule"
)

// The checks of a parsed request against one rule of the policy. They are made for each
// rule, if the requester and the names could be read.
const (
	CheckRuleRequester       Check = "rule-requester"
	CheckRuleNames           Check = "rule-names"
	CheckRuleOwnIdentity     Check = "rule-own-identity"
	CheckRuleNamespace       Check = "rule-namespace"
	CheckRuleSystemNamespace Check = "rule-system-namespace"
	CheckRuleServiceAccount  Check = "rule-service-account"
	CheckRuleDNSNames        Check = "rule-dns-names"
	CheckRuleUsages          Check = "rule-usages"
	CheckRuleKey             Check = "rule-key"
)

// CheckInfo explains a check.
type CheckInfo struct {
	Check Check
	// Demand is what the check requires, as a sentence.
	Demand string
	// Source is the specification or the reason for it.
	Source string
}

// Checks lists all checks in the order in which they are made: those of parsing, those of
// the request itself, and those of a rule.
func Checks() []CheckInfo {
	infos := slices.Clone(parseChecks)
	for _, c := range slices.Concat(requestChecks, ruleChecks) {
		infos = append(infos, c.CheckInfo)
	}
	return infos
}

// check is a pure function of an evaluation.
type check struct {
	CheckInfo
	applies func(evaluation) bool
	check   func(evaluation) string // the detail of a [Reason], empty if it passes
}

// parseChecks are made by [parse].
var parseChecks = []CheckInfo{
	{CheckRequester, "The requester is a service account: by its user name, and by the groups that the API server adds to it.", "a client certificate may have any user name; Kubernetes, “Authenticating”"},
	{CheckSize, "The CSR has at most MaxCSRSize bytes.", "a real one has 3 KiB"},
	{CheckPEM, "The CSR is one block CERTIFICATE REQUEST of PEM, without headers, and nothing else.", "RFC 7468 §7"},
	{CheckForm, "The CSR is a CertificationRequest in strict DER that crypto/x509 accepts as well.", "RFC 2986 §4"},
	{CheckKey, "The key is P-256, P-384, or RSA with 2048, 3072 or 4096 bits and a public exponent of 65537 or more.", "package ca, and FIPS 186-5 §5.1; a longer key makes verification expensive"},
	{CheckNames, "The names are one URI, or DNS names and nothing else.", "SPIFFE X.509-SVID §2"},
	{CheckDNSNames, "The DNS names are host names in lower case, without wildcards and final dots; none is repeated, and there are at most MaxDNSNames.", "RFC 1123 §2.1; package ca"},
	{CheckSPIFFEID, "The URI is a SPIFFE ID in the form in which go-spiffe writes it.", "SPIFFE ID §2; identities are compared as strings"},
	{CheckWorkloadPath, "The path of the SPIFFE ID is /ns/<namespace>/sa/<service account>, with names that Kubernetes accepts.", "Istio's form; RFC 1123 §2.1"},
}

// requestChecks and ruleChecks are the one implementation of the policy.
var requestChecks = []check{
	{CheckInfo{CheckKind, "The kind is known, and names stand beside the CSR for a PodCertificateRequest only.", "only there the API server vouches for them"}, always, checkKind},
	{CheckInfo{CheckUsages, "The usages, if there are any, are known, and “server auth” or “client auth” is among them.", "SPIFFE X.509-SVID §4.4"}, always, checkUsages},
	{CheckInfo{CheckLifetime, "The requested lifetime, if there is one, is at least MinLifetime.", "a shorter certificate would end before it is in use"}, always, checkLifetime},
	{CheckInfo{CheckSubject, "The subject of the CSR is empty, or all its values are.", "certificates have no subject, but some CAs copy it; pilot-agent sends an empty O"}, withContent, checkSubject},
	{CheckInfo{CheckAttributes, "The CSR has at most one attribute, which is an extensionRequest with one value.", "RFC 2985 §5.4.2; some CAs read the first one, some the last"}, withContent, checkAttributes},
	{CheckInfo{CheckExtensions, "The CSR has no extensions other than SAN, basicConstraints, keyUsage and extKeyUsage, each at most once.", "RFC 5280 §4.2; some CAs copy unknown extensions"}, withContent, checkExtensions},
	{CheckInfo{CheckNotCA, "The CSR does not request a CA certificate.", "SPIFFE X.509-SVID §4.1"}, withContent, checkNotCA},
	{CheckInfo{CheckKeyUsage, "The key usage of the CSR, if it has one, is digitalSignature, keyEncipherment or both.", "SPIFFE X.509-SVID §4.3"}, withContent, checkKeyUsage},
	{CheckInfo{CheckExtKeyUsage, "The extended key usage of the CSR, if it has one, is serverAuth, clientAuth or both.", "SPIFFE X.509-SVID §4.4"}, withContent, checkExtKeyUsage},
	{CheckInfo{CheckNameTypes, "The names in the CSR are URIs and DNS names only.", "RFC 5280 §4.2.1.6; there is nothing to check an IP or e-mail address against"}, withContent, checkNameTypes},
	{CheckInfo{CheckTrustDomain, "The trust domain of the SPIFFE ID is one of the policy's, exactly.", "another trust domain is another mesh"}, withSPIFFEID, checkTrustDomain},
	{CheckInfo{CheckSignature, "The CSR is signed with its own key, with SHA-256 or stronger.", "RFC 2986 §3; RFC 9155"}, withKey, checkSignature},
	{CheckInfo{CheckAnyRule, "The policy has a rule.", "a request that no rule allows is refused"}, always, checkAnyRule},
}

var ruleChecks = []check{
	{CheckInfo{CheckRuleRequester, "The rule is for the requester.", "anybody may put the name of an issuer into a request"}, always, checkRuleRequester},
	{CheckInfo{CheckRuleNames, "A request for a SPIFFE ID needs a rule for identities, one for DNS names a rule for DNS names.", "the name of a server is not the identity of a workload"}, forRequester, checkRuleNames},
	{CheckInfo{CheckRuleOwnIdentity, "Under a rule for own identities, the SPIFFE ID is that of the requester.", "only a registration authority may request identities of others"}, forIdentity, checkRuleOwnIdentity},
	{CheckInfo{CheckRuleNamespace, "The rule covers the namespace of the SPIFFE ID.", "v1alpha1.PolicyRule"}, forIdentity, checkRuleNamespace},
	{CheckInfo{CheckRuleSystemNamespace, "A system namespace is listed by name in the rule; * does not cover it.", "with the identity of istiod or trustgen one can obtain any other"}, forIdentity, checkRuleSystemNamespace},
	{CheckInfo{CheckRuleServiceAccount, "The rule covers the service account of the SPIFFE ID.", "v1alpha1.PolicyRule"}, forIdentity, checkRuleServiceAccount},
	{CheckInfo{CheckRuleDNSNames, "The rule lists every requested DNS name, exactly.", "a sub-domain is another server"}, forServer, checkRuleDNSNames},
	{CheckInfo{CheckRuleUsages, "The rule has every requested usage; a rule for DNS names has “server auth” only.", "a client has an identity, not a host name"}, forNames, checkRuleUsages},
	{CheckInfo{CheckRuleKey, "The rule has the type of the key.", "v1alpha1.PolicyRule"}, forNames, checkRuleKey},
}
