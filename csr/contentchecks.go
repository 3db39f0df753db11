package csr

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/trustgen/trustgen/ca"
)

func checkSize(q question) string {
	if len(q.CSR) <= MaxCSRSize {
		return ""
	}
	return fmt.Sprintf("the CSR has %d bytes, more than %d", len(q.CSR), MaxCSRSize)
}

const pemType = "CERTIFICATE REQUEST"

// checkPEM is stricter than encoding/pem, which skips whatever it cannot read.
func checkPEM(q question) string {
	text := bytes.TrimSpace(q.CSR)
	if !bytes.HasPrefix(text, []byte("-----BEGIN "+pemType+"-----")) || bytes.Count(text, []byte("-----BEGIN")) != 1 {
		return "the CSR is not one PEM block " + pemType + " and nothing else"
	}
	block, rest := pem.Decode(text)
	switch {
	case block == nil || len(block.Bytes) == 0:
		return "the CSR is not PEM"
	case len(block.Headers) > 0:
		return "the CSR has PEM headers"
	case len(rest) > 0:
		return "the CSR is followed by something else"
	}
	q.der = block.Bytes
	return ""
}

// checkForm reads the CSR twice: for its key and signature as CAs do, with crypto/x509,
// and for what it says to the letter.
func checkForm(q question) string {
	var errContent, errX509 error
	q.content, errContent = readContent(q.der)
	q.csr, errX509 = x509.ParseCertificateRequest(q.der)
	if q.names == nil && q.content != nil {
		q.names = &q.content.names
	}
	switch {
	case errContent != nil:
		return "the CSR is malformed: " + quote(errContent.Error())
	case errX509 != nil:
		return "the CSR cannot be read: " + quote(errX509.Error())
	}
	return ""
}

// keyTypes are the keys that can be certified, as ca.DescribeKey calls them.
func keyTypes() []string {
	return []string{"P-256", "P-384", "RSA-2048", "RSA-3072", "RSA-4096"}
}

// minExponent is the least public exponent of RSA (FIPS 186-5 §5.1).
const minExponent = 1<<16 + 1

func checkKey(q question) string {
	if q.csr.PublicKey == nil {
		return fmt.Sprintf("the type of the key is not known, expected one of %s", list(keyTypes()))
	}
	keyType := ca.DescribeKey(q.csr.PublicKey)
	if !slices.Contains(keyTypes(), keyType) {
		return fmt.Sprintf("the key is of type %s, expected one of %s", quote(keyType), list(keyTypes()))
	}
	if key, ok := q.csr.PublicKey.(*rsa.PublicKey); ok && (key.E < minExponent || key.E%2 == 0) {
		return fmt.Sprintf("the public exponent of the key is %d, expected an odd one of %d or more", key.E, minExponent)
	}
	q.keyType = keyType
	return ""
}

// checkSignature adds what crypto/x509 leaves out for a CSR: it refuses MD5, and takes
// SHA-1.
func checkSignature(q question) string {
	switch algorithm := q.csr.SignatureAlgorithm; algorithm {
	case x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.DSAWithSHA1:
		return fmt.Sprintf("the CSR is signed with %s, expected SHA-256 or stronger", algorithm)
	}
	if err := q.csr.CheckSignature(); err != nil {
		return "the CSR is not signed with its own key: " + quote(err.Error())
	}
	return ""
}

func checkSubject(q question) string {
	for _, a := range q.content.subject {
		if len(a.values[0].Bytes) > 0 {
			return fmt.Sprintf("the subject has a value of %d bytes for %s, expected none", len(a.values[0].Bytes), quote(a.id))
		}
	}
	return ""
}

func checkAttributes(q question) string {
	for i, a := range q.content.attributes {
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

func checkExtensions(q question) string {
	known := []string{oidSubjectAltName, oidBasicConstraints, oidKeyUsage, oidExtKeyUsage}
	for i, e := range q.content.extensions {
		if !slices.Contains(known, e.id) {
			return fmt.Sprintf("the CSR has the extension %s, which is not known", quote(e.id))
		}
		if slices.ContainsFunc(q.content.extensions[:i], func(other extension) bool { return other.id == e.id }) {
			return fmt.Sprintf("the CSR has the extension %s twice", quote(e.id))
		}
	}
	return ""
}

// checkNotCA takes the two encodings of a certificate that is not a CA's: an empty
// SEQUENCE, and one with FALSE.
func checkNotCA(q question) string {
	for value := range q.content.all(oidBasicConstraints) {
		if value != "\x30\x00" && value != "\x30\x03\x01\x01\x00" {
			return "the basic constraints are not those of a workload, CA:FALSE without a path length"
		}
	}
	return ""
}

func checkKeyUsage(q question) string {
	for value := range q.content.all(oidKeyUsage) {
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

func checkExtKeyUsage(q question) string {
	for value := range q.content.all(oidExtKeyUsage) {
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

func checkNameTypes(q question) string {
	if len(q.content.others) == 0 {
		return ""
	}
	return fmt.Sprintf("the CSR has a name of type %s, expected URIs and DNS names only", nameType(q.content.others[0]))
}

// nameType says what a tag of a GeneralName means (RFC 5280 §4.2.1.6).
func nameType(tag int) string {
	types := strings.Fields("otherName rfc822Name dNSName x400Address directoryName ediPartyName uniformResourceIdentifier iPAddress registeredID")
	if tag < len(types) {
		return types[tag]
	}
	return strconv.Itoa(tag)
}
