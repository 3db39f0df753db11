package ca

import (
	"crypto"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// maxNameLength bounds a common name and an organization: ub-common-name and
// ub-organization-name of RFC 5280 appendix A, in characters.
const maxNameLength = 64

// TaggedName is the common name that an authority gives to a CA of that name and
// key, as in "east 1f3a9c": the name, a space, and the first three octets of the
// subject key identifier in hexadecimal. Whoever has a CA certified elsewhere asks
// for this name, since no distinguished name may be shared by two CA keys: a
// verifier that looks up CRLs by the name of their issuer, as ztunnel does, then
// takes the CRL of one key for that of the other.
//
// A name that leaves no room for the tag in 64 characters (ub-common-name, RFC 5280
// appendix A) is cut before it. A name that is empty, that has characters which
// cannot be printed, or that begins or ends with a space is refused, and so is a
// key that crypto/x509 cannot encode.
func TaggedName(name string, key crypto.PublicKey) (string, error) {
	id, err := keyID(key)
	if err != nil {
		return "", err
	}
	return commonName(name, id)
}

// commonName joins a name and the tag of a key.
func commonName(name string, keyID []byte) (string, error) {
	if err := checkName("common name", name, 0); err != nil {
		return "", err
	}
	suffix := " " + tag(keyID)
	if runes, room := []rune(name), maxNameLength-len(suffix); len(runes) > room {
		name = string(runes[:room])
	}
	return name + suffix, nil
}

// checkName refuses names that people or programs would read differently. A
// limit of zero is none.
func checkName(what, name string, limit int) error {
	switch {
	case name == "":
		return fmt.Errorf("the %s is missing", what)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("the %s %q has characters that cannot be printed", what, name)
	case strings.TrimSpace(name) != name:
		return fmt.Errorf("the %s %q begins or ends with a space", what, name)
	case limit > 0 && utf8.RuneCountInString(name) > limit:
		return fmt.Errorf("the %s %q is longer than %d characters", what, name, limit)
	}
	return nil
}

// CheckTrustDomain takes the trust domains that can stand in a certificate. SPIFFE
// takes a few more, such as "." (SPIFFE ID §2.1), that crypto/x509 refuses to read.
func CheckTrustDomain(name string) error {
	domain, err := spiffeid.TrustDomainFromString(name)
	if err != nil || domain.Name() != name || slices.Contains(strings.Split(name, "."), "") {
		return fmt.Errorf("trust domain %q is not a host such as cluster.local", name)
	}
	return nil
}

var dnsName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$`)

// CheckDNSName takes the names that a certificate can have: host names in lower case,
// without wildcards (RFC 1123 §2.1), that are not IP addresses.
func CheckDNSName(name string) error {
	_, err := netip.ParseAddr(name)
	if len(name) > 253 || !dnsName.MatchString(name) || err == nil {
		return fmt.Errorf("%q is not a DNS name in lower case", name)
	}
	return nil
}
