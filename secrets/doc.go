// Package secrets holds Istio's view of a cluster's CA: the set of files that
// istiod reads from the Secret "cacerts".
//
// A [CACerts] is valid because [New] and [Parse] checked it: its key belongs to
// its certificate, and its chain keeps the rules of package ca and ends in one of
// its roots. CAs above the intermediate may be old ones, see [CACerts.Tolerated].
// Whether it has expired is a question of the day, and is not asked.
//
// # Files
//
//   - ca-cert.pem: the certificate of the intermediate, alone
//   - ca-key.pem: its key, as unencrypted PKCS #8
//   - cert-chain.pem: the intermediate, the CAs above it (an issuing CA below a
//     corporate root, say), the root
//   - root-cert.pem: the roots that the cluster trusts
//   - ca-crl.pem, optional: the CRLs of all CAs that the proxies of the cluster meet in a
//     chain, its own and those of the other clusters. One that is missing is an outage: a
//     proxy that has any CRL refuses the chains of a CA that has none.
//
// istiod takes the form tls.crt, tls.key, ca.crt as well, and so does [Parse]. It
// reads no CRL then, so [CACerts.Files] writes the form above.
package secrets
