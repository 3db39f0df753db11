package view

import (
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/secrets/mesh"
)

// Item is a certificate, CRL, request or key in a file. The fields of other kinds are empty.
type Item struct {
	File  string `json:"file"`
	Entry string `json:"entry,omitempty"` // the name in a Secret
	Kind  string `json:"kind"`

	Subject            string         `json:"subject,omitempty"`
	Issuer             string         `json:"issuer,omitempty"`
	Serial             string         `json:"serial,omitempty"`
	NotBefore          string         `json:"notBefore,omitempty"`
	NotAfter           string         `json:"notAfter,omitempty"`
	Number             string         `json:"number,omitempty"`
	ThisUpdate         string         `json:"thisUpdate,omitempty"`
	NextUpdate         string         `json:"nextUpdate,omitempty"`
	Revoked            []RevokedEntry `json:"revoked,omitempty"`
	PublicKey          *PublicKey     `json:"publicKey,omitempty"`
	CA                 bool           `json:"ca,omitempty"`
	PathLength         *int           `json:"pathLength,omitempty"`
	KeyUsage           []string       `json:"keyUsage,omitempty"`
	ExtKeyUsage        []string       `json:"extKeyUsage,omitempty"`
	Names              []string       `json:"names,omitempty"`
	PermittedNames     []string       `json:"permittedNames,omitempty"` // with their types: "URI:cluster.local"
	ExcludedNames      []string       `json:"excludedNames,omitempty"`
	SubjectKeyID       string         `json:"subjectKeyId,omitempty"`
	AuthorityKeyID     string         `json:"authorityKeyId,omitempty"`
	SignatureAlgorithm string         `json:"signatureAlgorithm,omitempty"`
	Fingerprint        string         `json:"fingerprint,omitempty"`
}

// RevokedEntry is an entry of a CRL.
type RevokedEntry struct {
	Serial string `json:"serial"`
	At     string `json:"at"`
	Reason string `json:"reason"`
}

func certificateItem(cert *x509.Certificate) Item {
	i := Item{
		Kind:               "certificate",
		Subject:            cert.Subject.String(),
		Issuer:             cert.Issuer.String(),
		Serial:             cert.SerialNumber.Text(16),
		NotBefore:          term.Time(cert.NotBefore),
		NotAfter:           term.Time(cert.NotAfter),
		PublicKey:          newPublicKey(cert.PublicKey),
		CA:                 cert.IsCA,
		KeyUsage:           keyUsage(cert.KeyUsage),
		Names:              slices.Concat(uris(cert), cert.DNSNames, addresses(cert), cert.EmailAddresses),
		PermittedNames:     typedNames(cert.PermittedURIDomains, cert.PermittedDNSDomains, cert.PermittedEmailAddresses, cert.PermittedIPRanges),
		ExcludedNames:      typedNames(cert.ExcludedURIDomains, cert.ExcludedDNSDomains, cert.ExcludedEmailAddresses, cert.ExcludedIPRanges),
		SubjectKeyID:       hex.EncodeToString(cert.SubjectKeyId),
		AuthorityKeyID:     hex.EncodeToString(cert.AuthorityKeyId),
		SignatureAlgorithm: cert.SignatureAlgorithm.String(),
		Fingerprint:        Fingerprint(cert.Raw),
	}
	if cert.MaxPathLen > 0 || cert.MaxPathLenZero {
		i.PathLength = &cert.MaxPathLen
	}
	for _, usage := range cert.ExtKeyUsage {
		i.ExtKeyUsage = append(i.ExtKeyUsage, usage.String())
	}
	for _, usage := range cert.UnknownExtKeyUsage {
		i.ExtKeyUsage = append(i.ExtKeyUsage, usage.String())
	}
	return i
}

func requestItem(request *x509.CertificateRequest) Item {
	i := Item{
		Kind:               "certificate request",
		Subject:            request.Subject.String(),
		PublicKey:          newPublicKey(request.PublicKey),
		SignatureAlgorithm: request.SignatureAlgorithm.String(),
	}
	for _, uri := range request.URIs {
		i.Names = append(i.Names, uri.String())
	}
	i.Names = append(i.Names, request.DNSNames...)
	return i
}

func crlItem(list *x509.RevocationList) Item {
	i := Item{
		Kind:               "CRL",
		Issuer:             list.Issuer.String(),
		ThisUpdate:         term.Time(list.ThisUpdate),
		NextUpdate:         term.Time(list.NextUpdate),
		AuthorityKeyID:     hex.EncodeToString(list.AuthorityKeyId),
		SignatureAlgorithm: list.SignatureAlgorithm.String(),
	}
	if list.Number != nil {
		i.Number = list.Number.String()
	}
	for _, entry := range list.RevokedCertificateEntries {
		i.Revoked = append(i.Revoked, RevokedEntry{entry.SerialNumber.Text(16), term.Time(entry.RevocationTime), mesh.Reason(entry.ReasonCode).String()})
	}
	return i
}

// fields are the rows of the table, without empty ones.
func (i Item) fields() [][2]string {
	var key, authority string
	if i.PublicKey != nil {
		key = i.PublicKey.Type + ", SHA-256 " + i.PublicKey.SHA256
	}
	if i.CA {
		authority = "yes, path length unlimited"
		if i.PathLength != nil {
			authority = "yes, path length " + strconv.Itoa(*i.PathLength)
		}
	}
	all := [][2]string{
		{"subject", i.Subject},
		{"issuer", i.Issuer},
		{"serial", i.Serial},
		{"not before", i.NotBefore},
		{"not after", i.NotAfter},
		{"number", i.Number},
		{"this update", i.ThisUpdate},
		{"next update", i.NextUpdate},
		{"public key", key},
		{"CA", authority},
		{"key usage", strings.Join(i.KeyUsage, ", ")},
		{"extended key usage", strings.Join(i.ExtKeyUsage, ", ")},
		{"names", strings.Join(i.Names, ", ")},
		{"permitted names", strings.Join(i.PermittedNames, ", ")},
		{"excluded names", strings.Join(i.ExcludedNames, ", ")},
		{"subject key id", i.SubjectKeyID},
		{"authority key id", i.AuthorityKeyID},
		{"signature", i.SignatureAlgorithm},
		{"SHA-256", i.Fingerprint},
	}
	for _, r := range i.Revoked {
		all = append(all, [2]string{"revoked", fmt.Sprintf("%s at %s: %s", r.Serial, r.At, r.Reason)})
	}
	return slices.DeleteFunc(all, func(field [2]string) bool { return field[1] == "" })
}

// typedNames are names of constraints, each with its type.
func typedNames(uris, dns, emails []string, ranges []*net.IPNet) []string {
	var all []string
	add := func(kind string, names []string) {
		for _, name := range names {
			all = append(all, kind+":"+name)
		}
	}
	add("URI", uris)
	add("DNS", dns)
	add("email", emails)
	for _, r := range ranges {
		add("IP", []string{r.String()})
	}
	return all
}

func uris(cert *x509.Certificate) []string {
	var all []string
	for _, uri := range cert.URIs {
		all = append(all, uri.String())
	}
	return all
}

func addresses(cert *x509.Certificate) []string {
	var all []string
	for _, ip := range cert.IPAddresses {
		all = append(all, fmt.Sprint(ip))
	}
	return all
}

// keyUsages are the names of RFC 5280 §4.2.1.3 in the order of their bits.
var keyUsages = []string{
	"digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
	"keyCertSign", "cRLSign", "encipherOnly", "decipherOnly",
}

func keyUsage(usage x509.KeyUsage) []string {
	var names []string
	for bit, name := range keyUsages {
		if usage&(1<<bit) != 0 {
			names = append(names, name)
		}
	}
	return names
}
