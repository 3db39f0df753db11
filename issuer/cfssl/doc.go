// Package cfssl is an issuer for cfssl servers of version 1.6. It uses their endpoints
// authsign and info.
//
// # The server
//
// The certificate is determined almost entirely by a profile at the server. For workloads
// it should be
//
//	{
//	  "auth_key": "trustgen",
//	  "usages": ["digital signature", "server auth", "client auth"],
//	  "expiry": "1h", "backdate": "1m",
//	  "name_whitelist": "^spiffe://mesh\.example\.com/ns/[^/]+/sa/[^/]+$",
//	  "CSRWhitelist": {"PublicKey": true, "PublicKeyAlgorithm": true, "SignatureAlgorithm": true}
//	}
//
// The profile for CAs has the same CSRWhitelist, the usages "cert sign" and "crl sign", and
//
//	"ca_constraint": {"is_ca": true, "max_path_len": 0, "max_path_len_zero": true}
//
// A server does not follow a request in every respect. [issuer.Obtain] rejects the result:
//
//   - the lifetime is that of the profile. It may exceed the granted lifetime and the
//     lifetime of the CA
//   - for an unknown profile the server uses its default one. Give the default profile an
//     auth key that nobody has: then a misspelt profile is an invalid token. A whitelist
//     that matches nothing would reject every workload permanently instead
//   - without CSRWhitelist the server copies the subject of a CSR, with it only the key.
//     cfssl ignores other spellings, such as csr_whitelist
//   - a request cannot contain name constraints or extended key usages
//
// A request has no nonce, so it depends on TLS: version 1.2 or later, always verified. The
// endpoints newcert and sign of the server must be disabled: they do not require the key
// that authsign requires.
//
// # Chains
//
// The response contains only the certificate. The issuer gets the certificate of the CA
// from info, and again when that CA did not sign a new certificate or has expired. The CAs
// above it come from [Options].Intermediates and the roots of [issuer.ObtainOptions].
//
// # Several servers
//
// The issuer tries the servers in order, starting with the last one that succeeded. It
// tries the next one after any transient error, including an invalid token, because a key
// is replaced at one server after the other. When the context of the caller ends, it stops
// and returns an error that wraps that of the context. A timeout of one exchange is a
// different error.
//
// # Errors
//
// The columns are the status, the code in the response, the kind of request, the class of
// the error, and the cause; a dash means any. The first matching row applies. All errors of
// info and all other errors are transient, so that neither an outage of a server nor its
// configuration, except a whitelist, fails a request permanently.
//
//	400  5500   any           permanent NameNotAllowed   a name is not on the whitelist of the profile
//	400  5300   workload      permanent RefusedByPolicy  the CSR of a workload requests a CA certificate
//	400  5300   intermediate  transient                  the profile, or the CA of the server, does not allow intermediates
//	400  9003   any           permanent BadRequest       the CSR is malformed
//	400  9300   any           permanent BadRequest       the CSR is malformed, or not signed with its key
//	400  400    any           transient                  the server rejects the key, the profile or the label
//	400  5100   any           transient                  the profile has no usages
//	400  5200   any           transient                  the profile has policies that cannot be encoded
//	400  5400   any           transient                  the server does not know the profile
//	400  1xxx   any           transient                  the server cannot create a certificate
//	400  2xxx   any           transient                  the server cannot use its key
//	400  7xxx   any           transient                  the server has no profile, or cannot reach its remote signer
//	400  10xxx  any           transient                  the server cannot reach a transparency log
//	400  11xxx  any           transient                  the server cannot use its database
//	200  -      any           transient                  the response does not report success
//	3xx  -      any           transient                  a redirection, which is not followed
//	401  -      any           transient                  the server, or a proxy in front of it, does not authenticate this client
//	403  -      any           transient                  the server, or a proxy in front of it, denies this client
//	404  -      any           transient                  not a cfssl server, or its endpoint is disabled
//	405  -      any           transient                  not a cfssl server
//	408  -      any           transient                  the request was too slow
//	429  -      any           transient                  too many requests
//	5xx  -      any           transient                  the server failed
//	-    -      any           transient                  unknown error
//
// Some requests are rejected permanently without a call to a server: without a CSR
// (MissingCSR), with both or neither of SPIFFE ID and DNS names (BadRequest), for an
// intermediate without a profile or with name constraints (NotSupported).
//
// # Why cfssl's own client is not used
//
// Requests and responses use the types of cfssl, and its package auth makes the tokens, but
// the HTTP client is net/http. The package api/client of cfssl accepts no context, reads
// responses of any size, follows redirects with the token in the body, opens a TLS
// connection for every request, panics when a field of a response has another type, drops
// the codes of errors, and writes to a global logger.
package cfssl
