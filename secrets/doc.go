// Package secrets reads and writes the CA bundle of a cluster: the files that istiod reads from
// the Secret "cacerts".
//
// Start with [New], which makes a [CACerts] of a key, a chain and CRLs, or with [Parse], which
// reads one from files. Both check it: the key belongs to the certificate, and the chain keeps
// the rules of package ca and ends in one of the roots. CAs above the intermediate may break some
// rules, see [CACerts.Tolerated]. Neither checks validity periods. [CACerts.Files] and
// [CACerts.Secret] write it.
//
// # Files
//
//   - ca-cert.pem: the certificate of the intermediate, alone
//   - ca-key.pem: its key, as unencrypted PKCS #8
//   - cert-chain.pem: the intermediate, the CAs above it (for example an issuing CA below a
//     corporate root), the root
//   - root-cert.pem: the roots that the cluster trusts
//   - ca-crl.pem, optional: the CRLs of all CAs that the proxies of the cluster meet in a
//     chain, its own and those of the other clusters. A missing CRL is an outage: a proxy that
//     has any CRL refuses the chains of a CA without one.
//
// istiod reads the names tls.crt, tls.key and ca.crt as well, and so does [Parse]. istiod reads no
// CRL in that form, so [CACerts.Files] writes the names above.
package secrets
