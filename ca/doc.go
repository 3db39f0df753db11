// Package ca issues and checks the certificates of a mesh: a root, an intermediate for each
// cluster, and the leaves of workloads. It uses neither Kubernetes nor the network, and
// stores nothing.
//
// Call [NewRoot] first, or [Load] with the key and chain of a CA. The resulting [Authority]
// signs in two phases. [Authority.Prepare] builds a certificate from a [Profile] and a
// [Request], signs it with a throwaway key and checks it against the chain rules;
// [Authority.Issue] redeems the draft once, and signs exactly the bytes that were checked.
//
// [VerifyIntermediate] and [VerifyLeaf] are the one implementation of the chain rules, a
// named table: see [Rules]. Each [Violation] names its rule.
//
// [Authority.CRL] does the same with CRLs and the CRL rules, see [CRLRules]; [CheckCRL]
// applies those that hold for the CRLs of other programs.
//
// A CA of another program may break a few of the rules, see [Tolerances] and [LoadImported].
// Certificates that are issued below it keep all of them.
//
// # Certificates
//
// This is the specification of the certificates that an authority issues.
//
// Every certificate
//
//   - version: 3
//   - serial number: 128 random bits, positive (RFC 5280 §4.1.2.2)
//   - signature: ECDSA with SHA-256 (P-256) or SHA-384 (P-384), or PKCS #1 v1.5
//     with SHA-256, after the key of the issuer
//   - notBefore: one minute before it is issued, see [Backdate]
//   - notAfter: as requested, or after the lifetime of the profile; never after that
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
//     between the root and the clusters
//   - keyUsage, critical: keyCertSign, cRLSign
//   - nameConstraints, critical, only if requested: permitted URI host = the trust
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
//     cannot impersonate our istiod
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
// No other extension is ever set. The tag in the common name of a CA is the first three
// octets of its subject key identifier in hexadecimal, as in "east 1f3a9c": two keys must
// not share a name, since a verifier such as ztunnel finds CRLs by name. A name that is too
// long for 64 characters with its tag (RFC 5280 appendix A) is cut before the tag.
//
// # Keys
//
// [MarshalKey] writes unencrypted PKCS #8, which is what istiod reads. [EncryptKey] writes
// EncryptedPrivateKeyInfo (RFC 5958 §3) with PBES2 (RFC 8018 §6.2)
//
//   - key derivation: PBKDF2 with HMAC-SHA-256, 600000 rounds, 128 random bits of salt
//   - encryption: AES-256-CBC
//
// There is no checksum: compare a decrypted key with its certificate, as [Load] does.
// [ParseEncryptedKey] also reads the keys that OpenSSL encrypts, including its older form.
//
// # CRLs
//
// [Authority.CRL] signs a full CRL for all certificates of the authority
//
//   - version: 2; signature: as for a certificate
//   - thisUpdate: [Backdate] before it is signed, never before the notBefore of the
//     authority
//   - nextUpdate: as requested, or the notAfter of the authority; never after that
//   - revokedCertificates: as requested, absent when there are none; no critical
//     extension in an entry
//   - authorityKeyIdentifier, not critical: the authority's subject key identifier
//   - cRLNumber, not critical: as requested
//
// Envoy, OpenSSL and istiod require a CRL of every CA of a chain as soon as they have one of
// any, so that a CA without revocations needs an empty CRL. A verifier that checks
// nextUpdate refuses every certificate of the authority after it: choose one that leaves
// time to replace the CRL, or the end of the authority.
package ca
