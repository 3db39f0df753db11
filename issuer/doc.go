// Package issuer defines the contract with a CA that signs workload certificates, in this
// process or over the network. It depends neither on Kubernetes nor on a particular CA. Call
// [Obtain] to get a certificate from an [Issuer].
//
// # The contract
//
// A backend implements [Issuer], and optionally [IntermediateIssuer] and [Checker]. Callers
// use [Obtain] and [ObtainIntermediate] rather than these methods: both check the response
// of the backend against the chain rules of package ca and against the granted request, see
// [Rules].
//
// # Errors
//
// The type of an error says what the caller does next:
//
//   - it wraps a [*PermanentError]: the request fails, do not retry
//   - it wraps a [*PendingError]: the CA is processing the request, ask again later
//   - any other error, including a [*ResponseError]: the fault is not in the request, retry
//     as long as the requester waits
package issuer
