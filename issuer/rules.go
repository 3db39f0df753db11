package issuer

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
)

// Rules for a response in addition to the chain rules of package ca, in the order in
// which they are applied.
const (
	RuleGrantedKey         ca.Rule = "granted-key"
	RuleGrantedEnd         ca.Rule = "granted-end"
	RuleGrantedStart       ca.Rule = "granted-start"
	RuleGrantedCritical    ca.Rule = "granted-critical"
	RuleGrantedNames       ca.Rule = "granted-names"
	RuleEmptySubject       ca.Rule = "empty-subject"
	RuleGrantedUsages      ca.Rule = "granted-usages"
	RuleKeyEncipherment    ca.Rule = "key-encipherment"
	RuleGrantedPathLength  ca.Rule = "granted-path-length"
	RuleGrantedConstraints ca.Rule = "granted-constraints"
)

// Limits of the validity of a certificate.
const (
	// EndTolerance is how much longer than granted a certificate may be valid: a CA
	// uses its own clock, and some add the time by which they backdate.
	EndTolerance = 2 * time.Minute
	// MaxBackdate is how long before the request a certificate may have become valid.
	MaxBackdate = 10 * time.Minute
)

// Rules lists the rules for a response in the order in which they are applied.
func Rules() []ca.RuleInfo {
	infos := make([]ca.RuleInfo, len(rules))
	for i, r := range rules {
		infos[i] = ca.RuleInfo{Rule: r.name, Demand: r.demand, Source: r.source}
	}
	return infos
}

type rule struct {
	name   ca.Rule
	scope  scope
	remark bool // a violation is reported, not rejected
	demand string
	source string
	check  func(*response) string // describes the violation; empty if there is none
}

// scope is the kind of certificate that a rule applies to.
type scope int

const (
	everyCert scope = iota
	onlyLeaf
	onlyIntermediate
)

func (s scope) covers(r *response) bool {
	switch s {
	case onlyLeaf:
		return r.leaf != nil
	case onlyIntermediate:
		return r.intermediate != nil
	}
	return true
}

var rules = []rule{
	{RuleGrantedKey, everyCert, false, "Its key is the requester's.", "otherwise the requester cannot use it and an unvetted key holder can", checkGrantedKey},
	{RuleGrantedEnd, everyCert, false, "It ends no later than granted plus EndTolerance.", "cfssl ignores the requested lifetime", checkGrantedEnd},
	{RuleGrantedStart, everyCert, false, "It became valid at most MaxBackdate before the request.", "otherwise it comes from a cache, or the CA has a wrong clock", checkGrantedStart},
	{RuleGrantedCritical, everyCert, false, "It has no critical extension other than those of package ca.", "RFC 5280 §4.2: a verifier rejects a certificate with an unknown critical extension", checkGrantedCritical},
	{RuleGrantedNames, onlyLeaf, false, "Its names are exactly the granted names.", "SPIFFE X.509-SVID §2", checkGrantedNames},
	{RuleEmptySubject, onlyLeaf, false, "Its subject is empty, unless AllowSubject is set.", "some programs treat a common name as an identity", checkEmptySubject},
	{RuleGrantedUsages, onlyLeaf, false, "Its extended key usages are exactly the granted ones.", "a server must not get a client certificate", checkGrantedUsages},
	{RuleKeyEncipherment, onlyLeaf, true, "It has keyEncipherment only for an RSA key.", "RFC 8813 §3; several CAs add it to elliptic curve keys", checkKeyEncipherment},
	{RuleGrantedPathLength, onlyIntermediate, false, "Its path length is 0.", "RFC 5280 §4.2.1.9: it may issue only leaf certificates", checkGrantedPathLength},
	{RuleGrantedConstraints, onlyIntermediate, false, "Its name constraints are exactly the granted ones.", "RFC 5280 §4.2.1.10", checkGrantedConstraints},
}

func checkGrantedKey(r *response) string {
	if ca.SamePublicKey(r.key, r.cert().PublicKey) {
		return ""
	}
	return "is for a key other than the requester's"
}

func checkGrantedEnd(r *response) string {
	latest := r.requested.Add(r.lifetime + EndTolerance)
	if !r.cert().NotAfter.After(latest) {
		return ""
	}
	return fmt.Sprintf("ends at %s, but was granted until %s", format(r.cert().NotAfter), format(r.requested.Add(r.lifetime)))
}

func checkGrantedStart(r *response) string {
	if !r.cert().NotBefore.Before(r.requested.Add(-MaxBackdate)) {
		return ""
	}
	return fmt.Sprintf("is valid from %s, more than %s before the request", format(r.cert().NotBefore), MaxBackdate)
}

func checkGrantedCritical(r *response) string {
	for _, e := range r.cert().Extensions {
		if e.Critical && !slices.ContainsFunc(mayBeCritical(), e.Id.Equal) {
			return fmt.Sprintf("has the critical extension %s", e.Id)
		}
	}
	return ""
}

// mayBeCritical lists keyUsage, subjectAltName, basicConstraints, nameConstraints and
// extKeyUsage.
func mayBeCritical() []asn1.ObjectIdentifier {
	return []asn1.ObjectIdentifier{{2, 5, 29, 15}, {2, 5, 29, 17}, {2, 5, 29, 19}, {2, 5, 29, 30}, {2, 5, 29, 37}}
}

func checkGrantedNames(r *response) string {
	granted := slices.Clone(r.leaf.DNSNames)
	if r.leaf.SPIFFEID != (spiffeid.ID{}) {
		granted = append(granted, r.leaf.SPIFFEID.String())
	}
	got := names(r.cert())
	slices.Sort(granted)
	slices.Sort(got)
	if slices.Equal(granted, got) {
		return ""
	}
	return fmt.Sprintf("is for %s, but was granted for %s", strings.Join(got, ", "), strings.Join(granted, ", "))
}

func names(cert *x509.Certificate) []string {
	all := slices.Concat(cert.DNSNames, cert.EmailAddresses)
	for _, uri := range cert.URIs {
		all = append(all, uri.String())
	}
	for _, ip := range cert.IPAddresses {
		all = append(all, ip.String())
	}
	return all
}

func checkEmptySubject(r *response) string {
	if r.AllowSubject || len(r.cert().Subject.Names) == 0 {
		return ""
	}
	return fmt.Sprintf("has the subject %q, expected none", r.cert().Subject)
}

func checkGrantedUsages(r *response) string {
	granted, got := slices.Clone(r.leaf.ExtKeyUsages), slices.Clone(r.cert().ExtKeyUsage)
	slices.Sort(granted)
	slices.Sort(got)
	if slices.Equal(granted, got) {
		return ""
	}
	return fmt.Sprintf("is for %v, but was granted for %v", got, granted)
}

func checkKeyEncipherment(r *response) string {
	_, elliptic := r.cert().PublicKey.(*ecdsa.PublicKey)
	if !elliptic || r.cert().KeyUsage&x509.KeyUsageKeyEncipherment == 0 {
		return ""
	}
	return "has the key usage keyEncipherment, which its elliptic curve key cannot be used for"
}

func checkGrantedPathLength(r *response) string {
	if r.cert().MaxPathLenZero {
		return ""
	}
	return "does not have path length 0"
}

func checkGrantedConstraints(r *response) string {
	granted, c := r.intermediate.Constraints, r.cert()
	switch {
	case granted.Are(c):
		return ""
	case granted == nil:
		return "has name constraints, but none were granted"
	}
	return fmt.Sprintf("permits the URIs %v and the DNS names %v and excludes the IP ranges %v, but was granted for %s, %v and no IP address",
		c.PermittedURIDomains, c.PermittedDNSDomains, c.ExcludedIPRanges, granted.TrustDomain, granted.DNSNames)
}

func format(t time.Time) string { return t.UTC().Format(time.RFC3339) }
