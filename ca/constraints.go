package ca

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
)

// NameConstraints are critical permitted subtrees (RFC 5280 §4.2.1.10). They permit a URI
// host and DNS names, since istiod signs its own DNS certificate with the CA that signs its
// workloads, and exclude all IP addresses. Mail addresses, which a mesh does not use, are
// not constrained. A host also permits its sub-domains.
//
// rustls, and so an ambient mesh, refuses every workload below a URI constraint, even if the
// constraint permits it.
type NameConstraints struct {
	// TrustDomain is the permitted host of URIs.
	TrustDomain string
	// DNSNames are the permitted DNS names: those of istiod's own certificate.
	DNSNames []string
}

func (c *NameConstraints) validate() error {
	if err := CheckTrustDomain(c.TrustDomain); err != nil {
		return fmt.Errorf("ca: name constraint: %w", err)
	}
	if _, err := netip.ParseAddr(c.TrustDomain); err == nil {
		return fmt.Errorf("ca: name constraint: the trust domain %s is an IP address, and a URI constraint is a host name (RFC 5280 §4.2.1.10)", c.TrustDomain)
	}
	if len(c.DNSNames) == 0 {
		return errors.New("ca: name constraint: DNS names are missing; istiod signs its own certificate for DNS names with the same CA")
	}
	for _, name := range c.DNSNames {
		if err := CheckDNSName(name); err != nil {
			return fmt.Errorf("ca: name constraint: %w", err)
		}
	}
	return nil
}

func (c *NameConstraints) apply(t *x509.Certificate) {
	t.PermittedDNSDomainsCritical = true
	t.PermittedURIDomains = []string{c.TrustDomain}
	t.PermittedDNSDomains = c.DNSNames
	t.ExcludedIPRanges = allAddresses()
}

// Are reports whether a certificate has exactly these name constraints, in any order. Nil
// means no constraints.
func (c *NameConstraints) Are(cert *x509.Certificate) bool {
	var want x509.Certificate
	if c != nil {
		c.apply(&want)
	}
	return sameNames(want.PermittedURIDomains, cert.PermittedURIDomains) &&
		sameNames(want.PermittedDNSDomains, cert.PermittedDNSDomains) &&
		sameNames(addresses(want.ExcludedIPRanges), addresses(cert.ExcludedIPRanges)) &&
		len(cert.ExcludedURIDomains)+len(cert.ExcludedDNSDomains)+len(cert.PermittedIPRanges)+
			len(cert.PermittedEmailAddresses)+len(cert.ExcludedEmailAddresses) == 0
}

func sameNames(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func addresses(ranges []*net.IPNet) []string {
	names := make([]string, len(ranges))
	for i, r := range ranges {
		names[i] = r.String()
	}
	return names
}

// allAddresses are those of IPv4 and IPv6.
func allAddresses() []*net.IPNet {
	return []*net.IPNet{
		{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)},
		{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)},
	}
}

// subtrees are the part of the extension that crypto/x509 does not parse.
type subtrees struct {
	Permitted []subtree `asn1:"optional,tag:0"`
	Excluded  []subtree `asn1:"optional,tag:1"`
}

type subtree struct{ Base asn1.RawValue }

// limitsDirectoryNames reports whether a CA constrains the subjects of certificates below it.
func limitsDirectoryNames(cert *x509.Certificate) bool {
	const directoryName = 4 // GeneralName of RFC 5280 §4.2.1.6
	for _, e := range cert.Extensions {
		if !e.Id.Equal(oidNameConstraints) {
			continue
		}
		var all subtrees
		if _, err := asn1.Unmarshal(e.Value, &all); err != nil {
			return true // does not happen: crypto/x509 has parsed it
		}
		return slices.ContainsFunc(slices.Concat(all.Permitted, all.Excluded), func(s subtree) bool {
			return s.Base.Tag == directoryName
		})
	}
	return false
}
