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

// maxNameLength is the maximum length of a common name and an organization in characters:
// ub-common-name and ub-organization-name of RFC 5280 appendix A.
const maxNameLength = 64

// TaggedName is the common name that an authority gives to a CA with that name and key, as in
// "east 1f3a9c": the name, a space, and the first three octets of the subject key identifier
// in hexadecimal. Use it as well to request a CA certificate from another program: two CA
// keys must not share a distinguished name, since a verifier that finds CRLs by the name of
// the issuer, as ztunnel does, would apply the CRL of one key to the other.
//
// A name that is too long for 64 characters with its tag (ub-common-name, RFC 5280
// appendix A) is cut before the tag. The error is about a name that is empty, has
// unprintable characters, or begins or ends with a space, or about a key that crypto/x509
// cannot encode.
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

// checkName refuses names that are ambiguous to people or programs. A limit of zero means
// none.
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

// CheckTrustDomain accepts the trust domains that a certificate can contain. SPIFFE allows a
// few more, such as "." (SPIFFE ID §2.1), that crypto/x509 refuses to parse.
func CheckTrustDomain(name string) error {
	domain, err := spiffeid.TrustDomainFromString(name)
	if err != nil || domain.Name() != name || slices.Contains(strings.Split(name, "."), "") {
		return fmt.Errorf("trust domain %q is not a host such as cluster.local", name)
	}
	return nil
}

var dnsName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$`)

// CheckDNSName accepts the DNS names that an authority certifies: host names in lower case
// without wildcards (RFC 1123 §2.1) that are not IP addresses.
func CheckDNSName(name string) error {
	_, err := netip.ParseAddr(name)
	if len(name) > 253 || !dnsName.MatchString(name) || err == nil {
		return fmt.Errorf("%q is not a DNS name in lower case", name)
	}
	return nil
}
