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

// The rules that an answer has to keep beside the chain rules of package ca, in the
// order in which they are applied.
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

// Bounds of the validity of an answer.
const (
	// EndTolerance is how much longer than granted a certificate may live: CAs
	// count from their own clock, and some add the time by which they backdate.
	EndTolerance = 2 * time.Minute
	// MaxBackdate is how long ago a certificate may have become valid.
	MaxBackdate = 10 * time.Minute
)

// Rules lists the rules of an answer in the order in which they are applied.
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
	remark bool // what breaks it is told, not refused
	demand string
	source string
	check  func(*answer) string // what is wrong, or nothing
}

// scope says which answers a rule is about.
type scope int

const (
	everyAnswer scope = iota
	onlyLeaf
	onlyIntermediate
)

func (s scope) covers(a *answer) bool {
	switch s {
	case onlyLeaf:
		return a.leaf != nil
	case onlyIntermediate:
		return a.intermediate != nil
	}
	return true
}

var rules = []rule{
	{RuleGrantedKey, everyAnswer, false, "Its key is the requester's.", "else who asked cannot use it, and who can was not asked about", checkGrantedKey},
	{RuleGrantedEnd, everyAnswer, false, "It ends no later than was granted, but for EndTolerance.", "cfssl ignores the lifetime that it is asked for", checkGrantedEnd},
	{RuleGrantedStart, everyAnswer, false, "It became valid at most MaxBackdate before it was asked for.", "a certificate from a cache, or from a wrong clock", checkGrantedStart},
	{RuleGrantedCritical, everyAnswer, false, "It has no critical extension beside those of package ca.", "RFC 5280 §4.2: who does not know it refuses the certificate", checkGrantedCritical},
	{RuleGrantedNames, onlyLeaf, false, "Its names are those that were granted, and no others.", "SPIFFE X.509-SVID §2", checkGrantedNames},
	{RuleEmptySubject, onlyLeaf, false, "Its subject is empty, unless it may have one.", "some programs read a common name as an identity", checkEmptySubject},
	{RuleGrantedUsages, onlyLeaf, false, "Its extended key usages are those that were granted.", "a server must not get a client's certificate", checkGrantedUsages},
	{RuleKeyEncipherment, onlyLeaf, true, "Its key usage has keyEncipherment only for a key that can encipher.", "RFC 8813 §3; several CAs add it all the same", checkKeyEncipherment},
	{RuleGrantedPathLength, onlyIntermediate, false, "Its path length is 0.", "RFC 5280 §4.2.1.9: it issues leaves only", checkGrantedPathLength},
	{RuleGrantedConstraints, onlyIntermediate, false, "Its name constraints are those that were granted.", "RFC 5280 §4.2.1.10", checkGrantedConstraints},
}

func checkGrantedKey(a *answer) string {
	if ca.SamePublicKey(a.key, a.cert().PublicKey) {
		return ""
	}
	return "is for another key than the requester's"
}

func checkGrantedEnd(a *answer) string {
	latest := a.asked.Add(a.lifetime + EndTolerance)
	if !a.cert().NotAfter.After(latest) {
		return ""
	}
	return fmt.Sprintf("ends at %s, granted was until %s", format(a.cert().NotAfter), format(a.asked.Add(a.lifetime)))
}

func checkGrantedStart(a *answer) string {
	if !a.cert().NotBefore.Before(a.asked.Add(-MaxBackdate)) {
		return ""
	}
	return fmt.Sprintf("is valid since %s, more than %s before it was asked for", format(a.cert().NotBefore), MaxBackdate)
}

func checkGrantedCritical(a *answer) string {
	for _, e := range a.cert().Extensions {
		if e.Critical && !slices.ContainsFunc(mayBeCritical(), e.Id.Equal) {
			return fmt.Sprintf("has the critical extension %s", e.Id)
		}
	}
	return ""
}

// mayBeCritical are keyUsage, subjectAltName, basicConstraints, nameConstraints and
// extKeyUsage.
func mayBeCritical() []asn1.ObjectIdentifier {
	return []asn1.ObjectIdentifier{{2, 5, 29, 15}, {2, 5, 29, 17}, {2, 5, 29, 19}, {2, 5, 29, 30}, {2, 5, 29, 37}}
}

func checkGrantedNames(a *answer) string {
	granted := slices.Clone(a.leaf.DNSNames)
	if a.leaf.SPIFFEID != (spiffeid.ID{}) {
		granted = append(granted, a.leaf.SPIFFEID.String())
	}
	got := names(a.cert())
	slices.Sort(granted)
	slices.Sort(got)
	if slices.Equal(granted, got) {
		return ""
	}
	return fmt.Sprintf("is for %s, granted was %s", strings.Join(got, ", "), strings.Join(granted, ", "))
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

func checkEmptySubject(a *answer) string {
	if a.AllowSubject || len(a.cert().Subject.Names) == 0 {
		return ""
	}
	return fmt.Sprintf("has the subject %q, expected none", a.cert().Subject)
}

func checkGrantedUsages(a *answer) string {
	granted, got := slices.Clone(a.leaf.ExtKeyUsages), slices.Clone(a.cert().ExtKeyUsage)
	slices.Sort(granted)
	slices.Sort(got)
	if slices.Equal(granted, got) {
		return ""
	}
	return fmt.Sprintf("is for %v, granted was %v", got, granted)
}

func checkKeyEncipherment(a *answer) string {
	_, elliptic := a.cert().PublicKey.(*ecdsa.PublicKey)
	if !elliptic || a.cert().KeyUsage&x509.KeyUsageKeyEncipherment == 0 {
		return ""
	}
	return "has the key usage keyEncipherment for a key that cannot encipher"
}

func checkGrantedPathLength(a *answer) string {
	if a.cert().MaxPathLenZero {
		return ""
	}
	return "has no path length of 0"
}

func checkGrantedConstraints(a *answer) string {
	granted, c := a.intermediate.Constraints, a.cert()
	switch {
	case granted.Are(c):
		return ""
	case granted == nil:
		return "has name constraints, granted were none"
	}
	return fmt.Sprintf("is constrained to the URIs %v, the DNS names %v and not to the addresses %v, granted were %s, %v and no address",
		c.PermittedURIDomains, c.PermittedDNSDomains, c.ExcludedIPRanges, granted.TrustDomain, granted.DNSNames)
}

func format(t time.Time) string { return t.UTC().Format(time.RFC3339) }
