// Package issuer is the contract with a CA that signs workload certificates: one
// in this process, or one that is asked over the network. It knows neither
// Kubernetes nor any CA.
//
// # The contract
//
// A backend implements [Issuer], and [IntermediateIssuer] and [Checker] if it can.
// What it answers is never used unchecked: callers reach it by [Obtain] and
// [ObtainIntermediate] only, which hold the answer against the chain rules of
// package ca and against what was granted, see [Rules].
//
// # Errors
//
// An error says what happens next:
//
//   - it wraps a [*PermanentError]: asking again is useless, the request fails
//   - it wraps a [*PendingError]: the CA works on it, ask again later
//   - anything else, a [*ResponseError] included: the CA is to blame, and is asked
//     again as long as somebody waits
package issuer
