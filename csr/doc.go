// Package csr is the policy of a certificate signer: what may be signed, and by
// whom it may be asked for. It decides and does nothing else: it has no client, no
// clock and no state.
//
// # Deciding
//
// [NewPolicy] checks and seals a v1alpha1.Policy. [Policy.Evaluate] holds a [Request]
// against it. The [Decision] has either the grant, which is all that a CA may be
// asked for, or all the reasons why there is none. What is not allowed is refused:
// an empty policy signs nothing.
//
// A request has to pass the checks of the request itself, and there has to be one rule
// of the policy that allows all that it asks for: its requester, its names, its usages
// and its key. Rules are never combined. Where several allow it, the first one counts.
// [Checks] lists all checks.
//
// Lifetimes are not checked but shortened: to what the rule gives, and by the CA to its
// own end. They are never raised.
//
// # Names
//
// A certificate is for one workload, whose SPIFFE ID has the form
// spiffe://<trust domain>/ns/<namespace>/sa/<service account>, or for the DNS names of a
// server such as istiod. It is never for both.
//
// Most requests carry their names in the CSR. Where an API server vouches for the names
// (a PodCertificateRequest), they stand beside it in [Names], and the CSR gives its key
// only.
//
// # Bytes from outside
//
// The CSR is read in steps, the cheapest first, and no step sees what the one before has
// refused: its size, its PEM form, its DER form, its key, and what it says. Only then its
// signature is verified. Names are compared byte by byte, as they stand in the CSR. Text
// from outside is quoted and cut where it appears in a [Reason].
package csr
