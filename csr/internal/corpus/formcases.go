package corpus

import (
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/asn1"
	"slices"
	"strconv"

	"github.com/trustgen/trustgen/csr"
)

func manyNames(count int) func(*draft) {
	return func(d *draft) {
		var names [][]byte
		for i := range count {
			names = append(names, dns("server-"+strconv.Itoa(i)+".shop.svc"))
		}
		d.names(names...)
	}
}

func formCases() []spec {
	after := func(more ...byte) func([]byte) []byte {
		return func(der []byte) []byte { return append(der, more...) }
	}
	return []spec{
		{title: "Bytes after the request", bytes: after(5, 0), want: only(csr.CheckForm)},
		{title: "A request that was cut off", bytes: func(der []byte) []byte { return der[:len(der)-8] }, want: only(csr.CheckForm)},
		{title: "A request of indefinite length", bytes: func(encoded []byte) []byte {
			return slices.Concat([]byte{tagSequence, 0x80}, encoded[3:], []byte{0, 0})
		}, want: only(csr.CheckForm)},
		{title: "An element after the attributes", csr: func(d *draft) { d.more = [][]byte{der(tagNull)} }, want: only(csr.CheckForm)},
		{title: "The version 1", csr: func(d *draft) { d.version = der(tagInteger, []byte{1}) }, want: only(csr.CheckForm)},
		{title: "No attributes where they are required", bytes: func([]byte) []byte {
			d := newDraft()
			tbs := seq(d.version, d.subject, d.key.spki())
			algorithm, signature := d.key.sign(tbs)
			return seq(tbs, algorithm, bits(signature))
		}, want: only(csr.CheckForm)},
		{title: "An attribute that crypto x509 ignores", csr: func(d *draft) {
			d.attributes = append(d.attributes, seq(oid(oidExtensionRequest), seq(san(uri("spiffe://cluster.local/ns/istio-system/sa/istiod")))))
		}, want: only(csr.CheckForm)},
		{title: "An attribute with an element too many", csr: func(d *draft) {
			d.attributes = [][]byte{seq(oid(oidExtensionRequest), set(seq(san(uri(cartID)))), der(tagNull))}
		}, want: only(csr.CheckForm)},
		{title: "An extension with an element too many", csr: func(d *draft) {
			d.extensions(seq(oid(oidSubjectAltName), der(tagOctets, seq(uri(cartID))), der(tagNull)))
		}, want: only(csr.CheckForm)},
		{title: "Bytes after the SAN in its extension", csr: func(d *draft) {
			d.extensions(critical(oidSubjectAltName, slices.Concat(seq(uri(cartID)), seq(uri("spiffe://cluster.local/ns/shop/sa/admin")))))
		}, want: only(csr.CheckForm)},
		{title: "A point that is not on its curve", csr: func(d *draft) {
			d.spki = d.key.spki()
			d.spki[len(d.spki)-1] ^= 1
		}, want: only(csr.CheckForm)},
		{title: "A URI with a line break", csr: func(d *draft) { d.names(uri(cartID + "\n")) }, want: []csr.Check{csr.CheckForm, csr.CheckSPIFFEID}},
		{title: "Two SAN extensions", csr: func(d *draft) {
			d.extensions(san(uri(cartID)), san(uri("spiffe://cluster.local/ns/istio-system/sa/istiod")))
		}, want: []csr.Check{csr.CheckForm, csr.CheckExtensions, csr.CheckNames}},
	}
}

func keyCases() []spec {
	public := func(spki []byte) func(*draft) { return func(d *draft) { d.unsigned(spki) } }
	size := func(bitLen int) func(*draft) { return public(spki(rsaSize(bitLen))) }
	signed := func(k key) func(*draft) { return func(d *draft) { d.key = k } }
	other := func(sign func(tbs []byte) (algorithm, signature []byte)) func(*draft) {
		return func(d *draft) { d.sign = sign }
	}
	return []spec{
		{title: "A key of RSA-1024", csr: size(1024), want: only(csr.CheckKey)},
		{title: "A key of RSA-2047", csr: size(2047), want: only(csr.CheckKey)},
		{title: "A key of RSA-2049", csr: size(2049), want: only(csr.CheckKey)},
		{title: "A key of RSA-8192", csr: size(8192), want: only(csr.CheckKey)},
		{title: "A key of RSA-16384", csr: size(16384), want: only(csr.CheckKey)},
		{title: "A key of RSA with the exponent 3", csr: public(spki(&rsa.PublicKey{N: rsaSize(2048).N, E: 3})), want: only(csr.CheckKey)},
		{title: "A key of RSA with an even exponent", csr: public(spki(&rsa.PublicKey{N: rsaSize(2048).N, E: 65538})), want: only(csr.CheckKey)},
		{title: "A key of P-224", csr: signed(curve(elliptic.P224(), "workload")), want: only(csr.CheckKey)},
		{title: "A key of P-521", csr: signed(curve(elliptic.P521(), "workload")), want: only(csr.CheckKey)},
		{title: "A key of Ed25519", csr: signed(ed("workload")), want: only(csr.CheckKey)},
		{title: "A key of X25519", csr: public(spkiOf(asn1.ObjectIdentifier{1, 3, 101, 110}, stream("workload", 32))), want: only(csr.CheckKey)},
		{title: "A key of ML-DSA-65", csr: public(spkiOf(oidMLDSA65, stream("workload", 1952))), want: only(csr.CheckKey)},

		{title: "A signature with a flipped bit", bytes: func(der []byte) []byte {
			der[len(der)-1] ^= 1
			return der
		}, want: only(csr.CheckSignature)},
		{title: "The signature of another key", csr: other(p256("thief").sign), want: only(csr.CheckSignature)},
		{title: "The public key of somebody else", csr: func(d *draft) { d.spki = p256("somebody else").spki() }, want: only(csr.CheckSignature)},
		{title: "A signature with SHA-1", csr: other(sha1Key("workload").sign), want: only(csr.CheckSignature)},
		{title: "A signature of no bytes", csr: other(func([]byte) (algorithm, signature []byte) {
			return p256("workload").algorithm, nil
		}), want: only(csr.CheckSignature)},
		{title: "A signature algorithm that is not known", csr: other(func([]byte) (algorithm, signature []byte) {
			return seq(oid(oidUnknown)), stream("signature", 64)
		}), want: only(csr.CheckSignature)},
		{title: "A signature algorithm of another type of key", csr: other(func(tbs []byte) (algorithm, signature []byte) {
			_, signature = ed("workload").sign(tbs)
			return seq(oid(oidEd25519)), signature[:ed25519.SignatureSize]
		}), want: only(csr.CheckSignature)},
	}
}

func subjectCases() []spec {
	subject := func(s []byte) func(*draft) { return func(d *draft) { d.subject = s } }
	attributes := func(all ...[]byte) func(*draft) { return func(d *draft) { d.attributes = all } }
	valid := extensionRequest(san(uri(cartID)))
	digitalSignature := extension(oidKeyUsage, der(tagBitString, []byte{7, 0x80}))
	return []spec{
		{title: "The common name istiod", csr: subject(name(oidCommonName, tagUTF8, "istiod")), want: only(csr.CheckSubject)},
		{title: "The organization of cluster admins", csr: subject(name(oidOrganization, tagPrintable, "system:masters")), want: only(csr.CheckSubject)},
		{title: "A subject of one blank", csr: subject(name(oidOrganization, tagPrintable, " ")), want: only(csr.CheckSubject)},
		{title: "A common name beside an empty organization", csr: subject(seq(
			set(seq(oid(oidOrganization), der(tagPrintable))), set(seq(oid(oidCommonName), der(tagBMP, []byte("\x00a")))),
		)), want: only(csr.CheckSubject)},
		{title: "A subject of a type that crypto x509 does not know", csr: subject(seq(set(seq(oid(oidCommonName), seq(der(tagUTF8, []byte("istiod"))))))), want: only(csr.CheckSubject)},

		{title: "A challenge password", csr: attributes(valid, attribute(oidChallengePassword, der(tagUTF8, []byte("secret")))), want: only(csr.CheckAttributes)},
		{title: "Microsoft's attribute for extensions", csr: attributes(valid, attribute(oidMicrosoftExtension, seq(digitalSignature))), want: only(csr.CheckAttributes)},
		{title: "Two attributes with extensions", csr: attributes(valid, extensionRequest(digitalSignature)), want: only(csr.CheckAttributes)},
		{title: "An attribute with two values", csr: attributes(attribute(oidExtensionRequest, seq(san(uri(cartID))), seq(digitalSignature))), want: only(csr.CheckAttributes)},
		{title: "A second value with the name of istiod", csr: attributes(attribute(oidExtensionRequest, seq(san(uri(cartID))),
			seq(san(uri("spiffe://cluster.local/ns/istio-system/sa/istiod"))))), want: []csr.Check{csr.CheckAttributes, csr.CheckExtensions, csr.CheckNames}},
	}
}

func extensionCases() []spec {
	with := func(e []byte) func(*draft) {
		return func(d *draft) { d.extensions(san(uri(cartID)), e) }
	}
	usage := func(bitString ...byte) func(*draft) { return with(critical(oidKeyUsage, der(tagBitString, bitString))) }
	constraints := func(value []byte) func(*draft) { return with(critical(oidBasicConstraints, value)) }
	yes, no := der(tagBoolean, []byte{0xff}), der(tagBoolean, []byte{0})
	return []spec{
		{title: "A subject key identifier", csr: with(extension(oidSubjectKeyID, der(tagOctets, stream("id", 20)))), want: only(csr.CheckExtensions)},
		{title: "Name constraints", csr: with(critical(oidNameConstraints, seq(der(tagContext|constructed, seq(dns("local")))))), want: only(csr.CheckExtensions)},
		{title: "A critical extension that is not known", csr: with(critical(oidUnknown, der(tagNull))), want: only(csr.CheckExtensions)},
		{title: "An extension that is not known", csr: with(extension(oidUnknown, der(tagNull))), want: only(csr.CheckExtensions)},
		{title: "The same key usage twice", csr: func(d *draft) {
			once := extension(oidKeyUsage, der(tagBitString, []byte{7, 0x80}))
			d.extensions(san(uri(cartID)), once, once)
		}, want: []csr.Check{csr.CheckForm, csr.CheckExtensions}},

		{title: "A CA", csr: constraints(seq(yes)), want: only(csr.CheckNotCA)},
		{title: "A CA with a path length", csr: constraints(seq(yes, der(tagInteger, []byte{0}))), want: only(csr.CheckNotCA)},
		{title: "A path length for what is no CA", csr: constraints(seq(der(tagInteger, []byte{0}))), want: only(csr.CheckNotCA)},
		{title: "A CA by a TRUE that is not DER", csr: constraints(seq(der(tagBoolean, []byte{1}))), want: only(csr.CheckNotCA)},
		{title: "Basic constraints with a second opinion", csr: constraints(seq(no, yes)), want: only(csr.CheckNotCA)},
		{title: "Basic constraints that are malformed", csr: constraints([]byte{0}), want: only(csr.CheckNotCA)},

		{title: "The key usage of a CA", csr: usage(2, 0x84), want: only(csr.CheckKeyUsage)},
		{title: "The key usage of a CRL signer", csr: usage(1, 0x82), want: only(csr.CheckKeyUsage)},
		{title: "The key usage contentCommitment", csr: usage(6, 0xc0), want: only(csr.CheckKeyUsage)},
		{title: "The key usage decipherOnly", csr: usage(7, 0x88, 0x80), want: only(csr.CheckKeyUsage)},
		{title: "A key usage that is malformed", csr: with(critical(oidKeyUsage, der(tagNull))), want: only(csr.CheckKeyUsage)},

		{title: "Any extended key usage", csr: with(extension(oidExtKeyUsage, seq(oid(oidServerAuth), oid(oidAnyUsage)))), want: only(csr.CheckExtKeyUsage)},
		{title: "The extended key usage code signing", csr: with(extension(oidExtKeyUsage, seq(oid(oidClientAuth), oid(oidCodeSigning)))), want: only(csr.CheckExtKeyUsage)},
		{title: "An extended key usage that is empty", csr: with(extension(oidExtKeyUsage, seq())), want: only(csr.CheckExtKeyUsage)},
		{title: "An extended key usage that is malformed", csr: with(extension(oidExtKeyUsage, seq(der(tagNull)))), want: only(csr.CheckExtKeyUsage)},
	}
}
