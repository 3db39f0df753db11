// Package rollout holds the order of a change across the clusters of a mesh as data.
//
// A change of the trust directory reaches the clusters step by step. A wrong order is an
// outage: Envoy, for example, refuses a peer if it checks CRLs and has none of the peer's CA.
// [Plan] returns the [Step] values of a [Change] in the order that refuses no valid workload,
// each with its reason. [Run] carries them out through an [Executor]; a program can as well
// print them.
//
// The package is pure: no I/O, no clock, and no imports of this module.
package rollout
