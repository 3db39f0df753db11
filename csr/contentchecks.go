package csr

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// checkSignature refuses SHA-1 as well: for a CSR, crypto/x509 refuses only MD5.
func checkSignature(e evaluation) string {
	switch algorithm := e.csr.SignatureAlgorithm; algorithm {
	case x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.DSAWithSHA1:
		return fmt.Sprintf("the CSR is signed with %s, expected SHA-256 or stronger", algorithm)
	}
	if err := e.csr.CheckSignature(); err != nil {
		return "the CSR is not signed with its own key: " + quote(err.Error())
	}
	return ""
}

func checkSubject(e evaluation) string {
	for _, a := range e.content.subject {
		if len(a.values[0].Bytes) > 0 {
			return fmt.Sprintf("the subject has a value of %d bytes for %s, expected none", len(a.values[0].Bytes), quote(a.id))
		}
	}
	return ""
}

func checkAttributes(e evaluation) string {
	for i, a := range e.content.attributes {
		switch {
		case a.id != oidExtensionRequest:
			return fmt.Sprintf("the CSR has the attribute %s, expected extensionRequest only", quote(a.id))
		case i > 0:
			return "the CSR has the attribute extensionRequest twice"
		case len(a.values) != 1:
			return fmt.Sprintf("the attribute extensionRequest has %d values, expected one", len(a.values))
		}
	}
	return ""
}

func checkExtensions(e evaluation) string {
	known := []string{oidSubjectAltName, oidBasicConstraints, oidKeyUsage, oidExtKeyUsage}
	for i, x := range e.content.extensions {
		if !slices.Contains(known, x.id) {
			return fmt.Sprintf("the CSR has the extension %s, which is not allowed", quote(x.id))
		}
		if slices.ContainsFunc(e.content.extensions[:i], func(other extension) bool { return other.id == x.id }) {
			return fmt.Sprintf("the CSR has the extension %s twice", quote(x.id))
		}
	}
	return ""
}

// checkNotCA accepts the two encodings of CA:FALSE: an empty SEQUENCE, and one with FALSE.
func checkNotCA(e evaluation) string {
	for value := range e.content.all(oidBasicConstraints) {
		if value != "\x30\x00" && value != "\x30\x03\x01\x01\x00" {
			return "the basic constraints are not those of a workload, CA:FALSE without a path length"
		}
	}
	return ""
}

func checkKeyUsage(e evaluation) string {
	for value := range e.content.all(oidKeyUsage) {
		var usage asn1.BitString
		rest, err := asn1.Unmarshal([]byte(value), &usage)
		if err != nil || len(rest) > 0 {
			return "the key usage is malformed"
		}
		for i := range usage.BitLength {
			if usage.At(i) != 0 && i != 0 && i != 2 {
				return fmt.Sprintf("bit %d of the key usage is set, expected digitalSignature (0) and keyEncipherment (2) only", i)
			}
		}
	}
	return ""
}

func checkExtKeyUsage(e evaluation) string {
	for value := range e.content.all(oidExtKeyUsage) {
		usages, err := split([]byte(value), asn1.TagSequence, anyCount)
		if err != nil || len(usages) == 0 {
			return "the extended key usage is malformed"
		}
		for _, usage := range usages {
			id, err := readOID(usage)
			switch {
			case err != nil:
				return "the extended key usage is malformed"
			case id != oidServerAuth && id != oidClientAuth:
				return fmt.Sprintf("the extended key usage has %s, expected serverAuth and clientAuth only", quote(id))
			}
		}
	}
	return ""
}

func checkNameTypes(e evaluation) string {
	if len(e.content.others) == 0 {
		return ""
	}
	return fmt.Sprintf("the CSR has a name of type %s, expected URIs and DNS names only", nameType(e.content.others[0]))
}

// nameType is the name of a tag of a GeneralName (RFC 5280 §4.2.1.6).
func nameType(tag int) string {
	types := strings.Fields("otherName rfc822Name dNSName x400Address directoryName ediPartyName uniformResourceIdentifier iPAddress registeredID")
	if tag < len(types) {
		return types[tag]
	}
	return strconv.Itoa(tag)
}
