package corpus

import (
	"encoding/asn1"
	"slices"
)

// Object identifiers of CSRs.
var (
	oidExtensionRequest   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 14}
	oidChallengePassword  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 7}
	oidMicrosoftExtension = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 2, 1, 14}

	oidSubjectKeyID     = asn1.ObjectIdentifier{2, 5, 29, 14}
	oidKeyUsage         = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidSubjectAltName   = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidNameConstraints  = asn1.ObjectIdentifier{2, 5, 29, 30}
	oidExtKeyUsage      = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidUnknown          = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}

	oidAnyUsage    = asn1.ObjectIdentifier{2, 5, 29, 37, 0}
	oidServerAuth  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 1}
	oidClientAuth  = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 2}
	oidCodeSigning = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 3}

	oidCommonName   = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidOrganization = asn1.ObjectIdentifier{2, 5, 4, 10}

	oidECDSAWithSHA1   = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}
	oidECDSAWithSHA256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	oidECDSAWithSHA384 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}
	oidRSAWithSHA256   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	oidEd25519         = asn1.ObjectIdentifier{1, 3, 101, 112}
	oidMLDSA65         = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 3, 18}
)

// Tags of elements. Those of a GeneralName are contextual.
const (
	tagBoolean   = 0x01
	tagInteger   = 0x02
	tagBitString = 0x03
	tagOctets    = 0x04
	tagNull      = 0x05
	tagUTF8      = 0x0c
	tagPrintable = 0x13
	tagBMP       = 0x1e
	tagSequence  = 0x30
	tagSet       = 0x31
	tagContext   = 0x80
	constructed  = 0x20
)

// der is an element in DER.
func der(tag byte, content ...[]byte) []byte {
	value := slices.Concat(content...)
	var length []byte
	for n := len(value); n > 0; n >>= 8 {
		length = append([]byte{byte(n)}, length...)
	}
	switch {
	case len(value) == 0:
		length = []byte{0}
	case len(value) >= 0x80:
		length = append([]byte{0x80 | byte(len(length))}, length...) //nolint:gosec // there are 8 at most
	}
	return slices.Concat([]byte{tag}, length, value)
}

func seq(content ...[]byte) []byte { return der(tagSequence, content...) }
func set(content ...[]byte) []byte { return der(tagSet, content...) }

// bits is a BIT STRING of whole octets.
func bits(content ...[]byte) []byte { return der(tagBitString, append([][]byte{{0}}, content...)...) }

func oid(id asn1.ObjectIdentifier) []byte {
	encoded, err := asn1.Marshal(id)
	if err != nil {
		panic("corpus: " + id.String() + ": " + err.Error())
	}
	return encoded
}

// attribute is an Attribute of a CSR.
func attribute(id asn1.ObjectIdentifier, values ...[]byte) []byte {
	return seq(oid(id), set(values...))
}

func extensionRequest(extensions ...[]byte) []byte {
	return attribute(oidExtensionRequest, seq(extensions...))
}

func extension(id asn1.ObjectIdentifier, value []byte) []byte {
	return seq(oid(id), der(tagOctets, value))
}

func critical(id asn1.ObjectIdentifier, value []byte) []byte {
	return seq(oid(id), der(tagBoolean, []byte{0xff}), der(tagOctets, value))
}

func san(names ...[]byte) []byte { return critical(oidSubjectAltName, seq(names...)) }

func uri(s string) []byte   { return der(tagContext|6, []byte(s)) }
func dns(s string) []byte   { return der(tagContext|2, []byte(s)) }
func email(s string) []byte { return der(tagContext|1, []byte(s)) }

// name is a distinguished name of one attribute.
func name(id asn1.ObjectIdentifier, tag byte, value string) []byte {
	return seq(set(seq(oid(id), der(tag, []byte(value)))))
}
