package csr_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// oracle is a second, independent implementation of a policy.
type oracle struct {
	spec    *v1alpha1.Policy
	policy  *csr.Policy
	ca      issuer.Issuer
	options issuer.ObtainOptions
}

// oracles returns an oracle for each policy of the corpus.
func oracles(t testing.TB) []oracle {
	t.Helper()
	policies := readPolicies(t)
	ca, trusting := authority(t)
	var all []oracle
	for name, spec := range readPolicySpecs(t) {
		all = append(all, oracle{spec, policies[name], ca, trusting})
	}
	return all
}

// evaluate fails the test if the decision is inconsistent or breaks a rule.
func (o *oracle) evaluate(t *testing.T, r csr.Request) csr.Decision {
	t.Helper()
	d := o.policy.Evaluate(r)
	if again := o.policy.Evaluate(r); !reflect.DeepEqual(d, again) {
		t.Errorf("the second decision differs: %s; %s", d.Summary(), again.Summary())
	}
	checkWords(t, d)
	if d.Allowed() != (d.Rule != "") || d.Allowed() == (len(d.Reasons) > 0) {
		t.Fatalf("the decision is inconsistent: %+v", d)
	}
	if !d.Allowed() {
		return d
	}
	for _, broken := range []string{o.requester(r), o.csr(r, d.Grant), o.grant(r, d)} {
		if broken != "" {
			t.Errorf("allowed, but %s: %s", broken, d.Summary())
		}
	}
	if _, err := issuer.Obtain(t.Context(), o.ca, *d.Grant, o.options); err != nil {
		t.Errorf("granted, but it cannot be issued: %v", err)
	}
	return d
}

// checkWords checks that all text of a decision is printable and short.
func checkWords(t *testing.T, d csr.Decision) {
	t.Helper()
	const longest = 2000
	printable := regexp.MustCompile(`^[[:print:]]+$`)
	for _, reason := range d.Reasons {
		if s := reason.String(); !printable.MatchString(s) || len(s) > longest {
			t.Errorf("a reason is not printable, or has %d bytes: %q", len(s), s)
		}
	}
	if s := d.Summary(); !printable.MatchString(s) || len(s) > csr.MaxSummary {
		t.Errorf("the summary is not printable, or has %d bytes: %q", len(s), s)
	}
}

const (
	label     = `[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?`
	subdomain = `[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*`
)

var (
	userPattern   = regexp.MustCompile(`^system:serviceaccount:(` + label + `):(` + subdomain + `)$`)
	spiffePattern = regexp.MustCompile(`^spiffe://([-._a-z0-9]+)/ns/(` + label + `)/sa/(` + subdomain + `)$`)
)

func (o *oracle) requester(r csr.Request) string {
	m := userPattern.FindStringSubmatch(r.Requester.Username)
	if len(m) == 0 || !slices.Contains(r.Requester.Groups, "system:serviceaccounts:"+m[1]) || !slices.Contains(r.Requester.Groups, "system:serviceaccounts") {
		return "the requester is not a service account"
	}
	return ""
}

// csr parses the CSR as a CA would.
func (o *oracle) csr(r csr.Request, g *issuer.Request) string {
	block, rest := pem.Decode(r.CSR)
	if block == nil || strings.TrimSpace(string(rest)) != "" || len(r.CSR) > csr.MaxCSRSize || !slices.Equal(block.Bytes, g.CSR) {
		return "the CSR is not one block of PEM, or another one is granted"
	}
	parsed, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil || parsed.CheckSignature() != nil || strings.Contains(parsed.SignatureAlgorithm.String(), "SHA1") {
		return "the CSR cannot be read, or its signature is not valid"
	}
	if key, ok := parsed.PublicKey.(interface{ Equal(any) bool }); ok && !key.Equal(g.PublicKey) {
		return "another key is granted"
	}
	if keyType(parsed.PublicKey) == "" {
		return "the key is of a type that is not accepted"
	}
	if r.Names != nil {
		return o.names(g, r.Names.URIs, r.Names.DNSNames)
	}
	for _, value := range parsed.Subject.Names {
		if value.Value != nil && value.Value != "" {
			return "the subject is not empty"
		}
	}
	for _, e := range parsed.Extensions {
		if !slices.Contains([]string{"2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.37"}, e.Id.String()) {
			return "it has the extension " + e.Id.String()
		}
	}
	if len(parsed.EmailAddresses)+len(parsed.IPAddresses) > 0 {
		return "it has names of other types"
	}
	if broken := copied(parsed); broken != "" {
		return broken
	}
	var uris []string
	for _, uri := range parsed.URIs {
		uris = append(uris, uri.String())
	}
	return o.names(g, uris, parsed.DNSNames)
}

// copied inspects the certificate of a CA that copies all extensions.
func copied(parsed *x509.CertificateRequest) string {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: catest.Now(), NotAfter: catest.Now(), ExtraExtensions: parsed.Extensions}
	key := catest.Key("copying CA")
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return "it cannot be copied: " + err.Error()
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return "its copy cannot be read: " + err.Error()
	}
	foreign := func(u x509.ExtKeyUsage) bool { return usageNames()[u] == "" }
	switch {
	case cert.IsCA || cert.MaxPathLen > 0 || cert.MaxPathLenZero:
		return "its copy is a CA"
	case cert.KeyUsage&^(x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment) != 0:
		return "its copy has a key usage that is not a workload's"
	case len(cert.UnknownExtKeyUsage) > 0 || slices.ContainsFunc(cert.ExtKeyUsage, foreign):
		return "its copy has an extended key usage that is not a workload's"
	}
	return ""
}

func keyType(key any) string {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() || k.Curve == elliptic.P384() {
			return k.Curve.Params().Name
		}
	case *rsa.PublicKey:
		if size := k.N.BitLen(); size == 2048 || size == 3072 || size == 4096 {
			return fmt.Sprintf("RSA-%d", size)
		}
	}
	return ""
}

// names compares the requested names with the granted ones.
func (o *oracle) names(g *issuer.Request, uris, hosts []string) string {
	switch isSVID := g.SPIFFEID != (spiffeid.ID{}); {
	case isSVID && (len(uris) != 1 || uris[0] != g.SPIFFEID.String() || len(hosts) > 0 || len(g.DNSNames) > 0):
		return "the granted SPIFFE ID is not the requested one"
	case !isSVID && (len(uris) > 0 || len(hosts) == 0 || !slices.Equal(hosts, g.DNSNames)):
		return "the granted DNS names are not the requested ones"
	}
	return ""
}

// grant checks the grant against the rule that the decision names.
func (o *oracle) grant(r csr.Request, d csr.Decision) string {
	i := slices.IndexFunc(o.spec.Rules, func(rule v1alpha1.PolicyRule) bool { return rule.Name == d.Rule })
	if i < 0 {
		return "there is no such rule"
	}
	rule, user := o.spec.Rules[i], userPattern.FindStringSubmatch(r.Requester.Username)
	requester := v1alpha1.ServiceAccount{Namespace: user[1], Name: user[2]}
	longest := 24 * time.Hour
	if rule.MaxLifetime.Duration != 0 {
		longest = rule.MaxLifetime.Duration
	}
	switch {
	case len(rule.Requesters) > 0 && !slices.Contains(rule.Requesters, requester):
		return "the rule is for somebody else"
	case d.Grant.Lifetime <= 0 || d.Grant.Lifetime > longest || r.Lifetime != 0 && d.Grant.Lifetime > r.Lifetime:
		return "the lifetime is longer than requested, or than the rule allows"
	case len(rule.Keys) > 0 && !slices.Contains(rule.Keys, keyType(d.Grant.PublicKey)):
		return "the rule is for other keys"
	case len(d.Grant.ExtKeyUsages) == 0:
		return "no usage is granted"
	}
	for _, usage := range d.Grant.ExtKeyUsages {
		name := usageNames()[usage]
		if name == "" || len(r.Usages) > 0 && !slices.Contains(r.Usages, name) || len(rule.Usages) > 0 && !slices.Contains(rule.Usages, name) {
			return "a granted usage was not requested, or the rule does not have it"
		}
	}
	if d.Grant.SPIFFEID == (spiffeid.ID{}) {
		return o.server(d, rule)
	}
	return o.identity(d, rule, requester)
}

func (o *oracle) server(d csr.Decision, rule v1alpha1.PolicyRule) string {
	foreign := func(name string) bool { return !slices.Contains(rule.DNSNames, name) }
	if slices.ContainsFunc(d.Grant.DNSNames, foreign) || slices.Contains(d.Grant.ExtKeyUsages, x509.ExtKeyUsageClientAuth) {
		return "the rule does not have the DNS name, or it is for a client"
	}
	return ""
}

func (o *oracle) identity(d csr.Decision, rule v1alpha1.PolicyRule, requester v1alpha1.ServiceAccount) string {
	m := spiffePattern.FindStringSubmatch(d.Grant.SPIFFEID.String())
	if len(m) == 0 || !slices.Contains(o.spec.TrustDomains, m[1]) {
		return "the SPIFFE ID has another form or trust domain"
	}
	namespace, account := m[2], m[3]
	system := strings.HasPrefix(namespace, "kube-") || slices.Contains(append([]string{"istio-system", "trustgen-system"}, o.spec.SystemNamespaces...), namespace)
	byName := slices.Contains(rule.Namespaces, namespace)
	switch {
	case len(rule.DNSNames) > 0:
		return "the rule is for DNS names"
	case rule.Identities != v1alpha1.AnyIdentity && requester != v1alpha1.ServiceAccount{Namespace: namespace, Name: account}:
		return "the identity is somebody else's"
	case !byName && (system || !slices.Contains(rule.Namespaces, "*")):
		return "the rule does not cover the namespace"
	case !slices.Contains(rule.ServiceAccounts, account) && !slices.Contains(rule.ServiceAccounts, "*"):
		return "the rule does not cover the service account"
	}
	return ""
}
