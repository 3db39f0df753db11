// Package cfssl is an issuer that asks cfssl servers of version 1.6 over their
// authsign and info endpoints.
//
// # The server
//
// A profile at the server decides almost everything. That of workloads should be
//
//	{
//	  "auth_key": "trustgen",
//	  "usages": ["digital signature", "server auth", "client auth"],
//	  "expiry": "1h", "backdate": "1m",
//	  "name_whitelist": "^spiffe://mesh\\.example\\.com/ns/[^/]+/sa/[^/]+$",
//	  "CSRWhitelist": {"PublicKey": true, "PublicKeyAlgorithm": true, "SignatureAlgorithm": true}
//	}
//
// and that of CAs has the same CSRWhitelist, the usages "cert sign" and "crl sign", and
//
//	"ca_constraint": {"is_ca": true, "max_path_len": 0, "max_path_len_zero": true}
//
// A server deviates from what it is asked for. [issuer.Obtain] refuses what comes
// of it:
//
//   - the lifetime is that of the profile, and may exceed what was granted as well
//     as the life of the CA
//   - an unknown profile is taken for the default one. Give that an auth key which
//     nobody has: then a misspelt profile is an invalid token, whereas a whitelist
//     that matches nothing would refuse every workload for good
//   - without CSRWhitelist the subject of a CSR is copied, with it (spelt exactly
//     so: cfssl passes over csr_whitelist) nothing but the key
//   - name constraints and extended key usages cannot be asked for
//
// A request has no nonce, so TLS protects it: 1.2 or later, always verified. The
// endpoints newcert and sign of a server must be disabled, as they do not ask for
// the key that authsign asks for.
//
// # Chains
//
// A server answers with the certificate alone. Its CA comes from info, and is asked
// for again when it did not sign a new certificate or has ended. The CAs above are
// [Options].Intermediates and the roots of [issuer.ObtainOptions].
//
// # Several servers
//
// Servers are asked in their order, beginning with the one that answered last. The
// next one is asked after any transient error, an invalid token included, because a
// key is replaced at one server after the other. When the context of the caller
// ends, none is asked any more, and the error wraps that of the context. The timeout
// of one exchange is another error.
//
// # Errors
//
// Status, code in the answer, what was asked for, what becomes of it, and why; a dash
// stands for all. The first row that fits decides. What info answers, and whatever
// else goes wrong, is transient: no outage of a server is held against a request, and
// no part of its configuration but a whitelist.
//
//	400  5500   any           permanent NameNotAllowed   a name is not on the whitelist of the profile
//	400  5300   workload      permanent RefusedByPolicy  the CSR of a workload asks for a CA
//	400  5300   intermediate  transient                  the profile, or the CA of the server, allows no CA below
//	400  9003   any           permanent BadRequest       the CSR is malformed
//	400  9300   any           permanent BadRequest       the CSR is malformed, or not signed with its key
//	400  400    any           transient                  the server does not take the key, the profile or the label
//	400  5100   any           transient                  the profile has no usages
//	400  5200   any           transient                  the profile has policies that cannot be encoded
//	400  5400   any           transient                  the server does not know the profile
//	400  1xxx   any           transient                  the server cannot make a certificate
//	400  2xxx   any           transient                  the server cannot use its key
//	400  7xxx   any           transient                  the server has no profile, or cannot reach the one that signs for it
//	400  10xxx  any           transient                  the server cannot reach a transparency log
//	400  11xxx  any           transient                  the server cannot use its database
//	200  -      any           transient                  the answer does not say success
//	3xx  -      any           transient                  a redirection, which is not followed
//	401  -      any           transient                  the server, or what stands before it, does not know this client
//	403  -      any           transient                  the server, or what stands before it, does not let this client in
//	404  -      any           transient                  no cfssl, or one whose endpoint is disabled
//	405  -      any           transient                  no cfssl
//	408  -      any           transient                  the request came too slowly
//	429  -      any           transient                  too many requests
//	5xx  -      any           transient                  the server failed
//	-    -      any           transient                  not known
//
// Some requests are refused before any server is asked, for good: without a CSR
// (MissingCSR), with both or neither of SPIFFE ID and DNS names (BadRequest), for a
// CA without a profile for it or with name constraints (NotSupported).
//
// # Why cfssl's own client is not used
//
// Requests and answers are of the types of cfssl, and tokens are made by its package
// auth, but the exchange is net/http. The package api/client of cfssl takes no
// context, reads answers of any size, follows redirects with the token in the body,
// makes a TLS connection for every request, panics when a field of an answer has
// another type, drops the codes of errors, and writes to a global logger.
package cfssl
