package csr

// Check names one of the checks.
type Check string

// The checks of the request itself, in the order in which they are made.
const (
	CheckKind         Check = "kind"
	CheckRequester    Check = "requester"
	CheckUsages       Check = "usages"
	CheckLifetime     Check = "lifetime"
	CheckSize         Check = "size"
	CheckPEM          Check = "pem"
	CheckForm         Check = "form"
	CheckKey          Check = "key"
	CheckSubject      Check = "subject"
	CheckAttributes   Check = "attributes"
	CheckExtensions   Check = "extensions"
	CheckNotCA        Check = "not-ca"
	CheckKeyUsage     Check = "key-usage"
	CheckExtKeyUsage  Check = "ext-key-usage"
	CheckNameTypes    Check = "name-types"
	CheckNames        Check = "names"
	CheckSPIFFEID     Check = "spiffe-id"
	CheckWorkloadPath Check = "workload-path"
	CheckTrustDomain  Check = "trust-domain"
	CheckDNSNames     Check = "dns-names"
	CheckSignature    Check = "signature"
	CheckAnyRule      Check = "any-rule"
)

// The checks of a request against one rule of the policy. They are made for each rule,
// if requester and names could be read.
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
	// Demand is what has to be so, as a sentence.
	Demand string
	// Source is where the demand comes from.
	Source string
}

// Checks lists the checks in the order in which they are made.
func Checks() []CheckInfo {
	infos := make([]CheckInfo, len(checks))
	for i, c := range checks {
		infos[i] = CheckInfo{Check: c.name, Demand: c.demand, Source: c.source}
	}
	return infos
}

type check struct {
	name   Check
	scope  func(question) bool // whether it can be made
	demand string
	source string
	check  func(question) string // what is wrong, or nothing
}

// checks is the one implementation of the policy. A check is silent where another one
// names the cause.
var checks = []check{
	{CheckKind, ofRequest, "Its kind is known, and names stand beside the CSR for a PodCertificateRequest only.", "only there the API server vouches for them", checkKind},
	{CheckRequester, ofRequest, "Its requester is a service account: by its user name, and by the groups that the API server adds to it.", "a client certificate may say any user name; Kubernetes, “Authenticating”", checkRequester},
	{CheckUsages, ofRequest, "Its usages, if it has any, are known, and “server auth” or “client auth” is among them.", "SPIFFE X.509-SVID §4.4", checkUsages},
	{CheckLifetime, ofRequest, "It asks for no particular lifetime, or for MinLifetime or more.", "no certificate ends before it is in use", checkLifetime},
	{CheckSize, ofRequest, "Its CSR has at most MaxCSRSize bytes.", "a real one has 3 KiB", checkSize},
	{CheckPEM, ofSized, "Its CSR is one block CERTIFICATE REQUEST of PEM, without headers, and nothing else.", "RFC 7468 §7", checkPEM},
	{CheckForm, ofDER, "Its CSR is a CertificationRequest to the letter, and one that crypto/x509 reads.", "RFC 2986 §4", checkForm},
	{CheckKey, ofCSR, "Its key is P-256, P-384, or RSA with 2048, 3072 or 4096 bits and a public exponent of 65537 or more.", "package ca, and FIPS 186-5 §5.1; a longer one costs whoever verifies it", checkKey},
	{CheckSubject, ofContent, "The subject of its CSR is empty, or all its values are.", "a certificate does not hold it, and some CAs copy it; pilot-agent sends an empty O", checkSubject},
	{CheckAttributes, ofContent, "Its CSR has at most one attribute, which is an extensionRequest with one value.", "RFC 2985 §5.4.2; some CAs read the first one, some the last", checkAttributes},
	{CheckExtensions, ofContent, "Its CSR has no extensions beside SAN, basicConstraints, keyUsage and extKeyUsage, and each of them once.", "RFC 5280 §4.2; some CAs copy what they do not know", checkExtensions},
	{CheckNotCA, ofContent, "Its CSR does not ask for a CA.", "SPIFFE X.509-SVID §4.1", checkNotCA},
	{CheckKeyUsage, ofContent, "The key usage of its CSR, if it has one, is digitalSignature, keyEncipherment or both.", "SPIFFE X.509-SVID §4.3", checkKeyUsage},
	{CheckExtKeyUsage, ofContent, "The extended key usage of its CSR, if it has one, is serverAuth, clientAuth or both.", "SPIFFE X.509-SVID §4.4", checkExtKeyUsage},
	{CheckNameTypes, ofContent, "The names of its CSR are URIs and DNS names only.", "RFC 5280 §4.2.1.6; an IP or e-mail address says nothing that can be checked", checkNameTypes},
	{CheckNames, ofNames, "Its names are one URI, or DNS names and nothing else.", "SPIFFE X.509-SVID §2", checkNames},
	{CheckSPIFFEID, ofIdentity, "Its URI is a SPIFFE ID, written as go-spiffe writes it.", "SPIFFE ID §2; what is compared must have one form", checkSPIFFEID},
	{CheckWorkloadPath, ofSPIFFEID, "The path of its SPIFFE ID is /ns/<namespace>/sa/<service account>, with names that Kubernetes takes.", "Istio's form; RFC 1123 §2.1", checkWorkloadPath},
	{CheckTrustDomain, ofSPIFFEID, "The trust domain of its SPIFFE ID is one of the policy's, exactly.", "another trust domain is another mesh", checkTrustDomain},
	{CheckDNSNames, ofServer, "Its DNS names are host names in lower case, without wildcards and final dots; each stands once, and there are MaxDNSNames at most.", "RFC 1123 §2.1; package ca", checkDNSNames},
	{CheckSignature, ofKey, "Its CSR is signed with its own key, with SHA-256 or stronger.", "RFC 2986 §3; RFC 9155", checkSignature},
	{CheckAnyRule, ofRequest, "The policy has a rule.", "what no rule allows is refused", checkAnyRule},

	{CheckRuleRequester, ofRule, "The rule is for its requester.", "whoever may write an issuer's name into a request is not yet trusted by it", checkRuleRequester},
	{CheckRuleNames, ofRequestersRule, "The rule is for SPIFFE IDs if it asks for one, and for DNS names otherwise.", "a server's name is not a workload's identity", checkRuleNames},
	{CheckRuleOwnIdentity, ofIdentityRule, "Under a rule for identities of their own, its SPIFFE ID is that of its requester.", "only a registration authority may speak for others", checkRuleOwnIdentity},
	{CheckRuleNamespace, ofIdentityRule, "The rule covers the namespace of its SPIFFE ID.", "v1alpha1.PolicyRule", checkRuleNamespace},
	{CheckRuleSystemNamespace, ofIdentityRule, "The rule has the namespace by name, if it is a system namespace.", "who can be istiod, or trustgen, can be everybody", checkRuleSystemNamespace},
	{CheckRuleServiceAccount, ofIdentityRule, "The rule covers the service account of its SPIFFE ID.", "v1alpha1.PolicyRule", checkRuleServiceAccount},
	{CheckRuleDNSNames, ofServerRule, "The rule has all its DNS names, exactly.", "a sub-domain is another server", checkRuleDNSNames},
	{CheckRuleUsages, ofFittingRule, "The rule has all its usages, and one for DNS names has “server auth” only.", "a client has an identity, not a host name", checkRuleUsages},
	{CheckRuleKey, ofFittingRule, "The rule has the type of its key.", "v1alpha1.PolicyRule", checkRuleKey},
}
