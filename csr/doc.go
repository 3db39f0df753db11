// Package csr is the policy of a certificate signer: it decides which certificate
// requests are signed. It is pure: it has no client, no clock and no state.
//
// # Deciding
//
// Call [NewPolicy] first: it checks and copies a v1alpha1.Policy. [Policy.Evaluate] then
// decides about a [Request]. The [Decision] has either the grant, which is the request that
// may be sent to a CA, or all reasons for the refusal. Everything that no rule allows is
// refused; an empty policy signs nothing.
//
// A request is parsed first. The parsed request has to pass the checks of the request
// itself, and one rule of the policy has to allow all of it: requester, names, usages and
// key. Rules are never combined. Where several rules allow a request, the first one
// applies. [Checks] lists all checks.
//
// A lifetime that is too long is shortened to the maximum of the rule, and by the CA to its
// own end. Lifetimes are never raised.
//
// # Names
//
// A certificate is for one workload, whose SPIFFE ID has the form
// spiffe://<trust domain>/ns/<namespace>/sa/<service account>, or for the DNS names of a
// server such as istiod. It is never for both.
//
// Most requests carry their names in the CSR. A PodCertificateRequest has them in [Names],
// since the API server vouches for them; of its CSR only the key is used.
//
// # Bytes from outside
//
// A CSR is parsed in steps, the cheapest first: size, PEM, DER, key. A step is skipped if
// the one before has failed, and the signature is verified only with a key of a type that
// can be certified. Names are compared byte by byte. A [Reason] quotes text of the request
// and cuts it.
package csr
