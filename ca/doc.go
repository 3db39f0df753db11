// Package ca makes and checks the certificates of a mesh: a root, an
// intermediate for each cluster, and the leaves of workloads. It knows neither
// Kubernetes nor the network, and it stores nothing.
//
// An [Authority] signs in two phases. [Authority.Prepare] builds a certificate
// from scratch out of a sealed [Profile] and a [Request], signs it with a
// throwaway key and holds it against the chain rules; [Authority.Issue] redeems
// the draft once, and signs exactly the bytes that were checked.
//
// [VerifyIntermediate] and [VerifyLeaf] are the one implementation of the chain
// rules: a named table, see [Rules]. Each breach is a [Violation].
//
// [Authority.CRL] does the same with CRLs and the CRL rules, see [CRLRules]; [CheckCRL]
// applies those that hold for the CRLs of other programs.
//
// A CA that was made elsewhere may break a few of the rules, see [Tolerances] and
// [LoadImported]. What is issued below it has to keep all of them.
//
// # Certificates
//
// This is the specification of what an authority issues.
//
// Every certificate
//
//   - version: 3
//   - serial number: 128 random bits, positive (RFC 5280 §4.1.2.2)
//   - signature: ECDSA with SHA-256 (P-256) or SHA-384 (P-384), or PKCS #1 v1.5
//     with SHA-256, after the key of the issuer
//   - notBefore: one minute before it is issued, see [Backdate]
//   - notAfter: as asked, or after the lifetime of the profile; never after that
//     of the issuer, which is refused with a [*LifetimeError]
//   - subjectKeyIdentifier, not critical: the leftmost 160 bits of the SHA-256 of
//     the public key (RFC 7093 §2, method 1)
//   - authorityKeyIdentifier, not critical: that of the issuer, for a root its own
//
// Root
//
//   - lifetime: [DefaultRootLifetime]
//   - key: [P256], [P384], [RSA3072] or [RSA4096]
//   - subject: CN=root and tag, O=the mesh
//   - basicConstraints, critical: CA without a path length, since a path length
//     would forbid to cross-sign the next root
//   - keyUsage, critical: keyCertSign, cRLSign
//
// Intermediate
//
//   - lifetime: [DefaultIntermediateLifetime]
//   - key: as for a root
//   - subject: CN=cluster and tag, O=the mesh
//   - basicConstraints, critical: CA, path length 0; 1 for an issuing CA that
//     stands between the root and the clusters
//   - keyUsage, critical: keyCertSign, cRLSign
//   - nameConstraints, critical, only when asked: permitted URI host = the trust
//     domain, permitted DNS names = those of istiod, excluded IP addresses = all,
//     see [NameConstraints]
//
// Cross-certificate, see [Authority.CrossSign]
//
//   - notBefore, notAfter: within those of both roots; by default the end of the one
//     that ends first
//   - subject, key and subjectKeyIdentifier: those of the root that it certifies, byte
//     for byte
//   - basicConstraints, critical: CA, path length 1
//   - keyUsage, critical: keyCertSign, cRLSign
//   - nameConstraints, critical, only for the root of another mesh: permitted URI host =
//     its trust domain; excluded are all DNS names and all IP addresses, so that it
//     cannot pose as our istiod
//
// Leaf
//
//   - lifetime: [DefaultWorkloadLifetime]
//   - key: P-256, P-384, or RSA of at least 2048 bits
//   - subject: empty
//   - basicConstraints, critical: not a CA
//   - keyUsage, critical: digitalSignature; keyEncipherment too for an RSA key
//   - extKeyUsage, not critical: serverAuth, clientAuth, or both
//   - subjectAltName, critical: exactly one SPIFFE ID (SPIFFE X.509-SVID §2), or
//     DNS names
//
// No other extension is ever set. The tag in the common name of a CA is the
// first three octets of its subject key identifier in hexadecimal, as in
// "east 1f3a9c": a verifier that looks up CRLs by name, as ztunnel does, must
// never meet two keys under one name. A name that would make the common name
// longer than 64 characters (RFC 5280 appendix A) is cut before the tag.
//
// # Keys
//
// [MarshalKey] writes unencrypted PKCS #8, which is what istiod reads. [EncryptKey] writes
// EncryptedPrivateKeyInfo (RFC 5958 §3) with PBES2 (RFC 8018 §6.2)
//
//   - key derivation: PBKDF2 with HMAC-SHA-256, 600000 rounds, 128 random bits of salt
//   - encryption: AES-256-CBC
//
// This has no checksum: a key that was decrypted is held against its certificate, as
// [Load] does. [ParseEncryptedKey] also reads what OpenSSL writes, and wrote.
//
// # CRLs
//
// [Authority.CRL] signs a full CRL of everything that the authority issued
//
//   - version: 2; signature: as for a certificate
//   - thisUpdate: [Backdate] before it is signed, never before the notBefore of the
//     authority
//   - nextUpdate: as asked, or the notAfter of the authority; never after that
//   - revokedCertificates: as asked, absent when there are none; no critical
//     extension in an entry
//   - authorityKeyIdentifier, not critical: the authority's subject key identifier
//   - cRLNumber, not critical: as asked
//
// Envoy, OpenSSL and istiod ask for a CRL of every CA of a chain as soon as they have
// one of any, so that a CA without a revocation needs its empty CRL. A verifier
// that checks nextUpdate refuses every certificate of the authority once it has
// passed: ask for a CRL that lives longer than it takes to replace it, or for one
// that lives as long as the authority.
package ca
