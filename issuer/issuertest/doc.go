// Package issuertest is the conformance suite for the backends of package issuer. A test of
// a backend calls [Run], which returns a [Report] of what the backend supports.
//
// A backend passes if it meets the contract of [issuer.Issuer] and every claim in its
// [Capabilities]. The suite requests certificates with [issuer.Obtain] and
// [issuer.ObtainIntermediate], as callers do, and checks the result again.
//
// # Example
//
//	func TestConformance(t *testing.T) {
//		server := startServer(t)
//		report := issuertest.Run(t, func(t *testing.T, proxy *issuertest.Proxy) issuertest.Backend {
//			return issuertest.Backend{
//				Name:   "mine",
//				Issuer: mine.New(proxy.Via(server.Addr)),
//				Roots:  server.Roots,
//			}
//		}, issuertest.Capabilities{Lifetime: true, Usages: true, Network: true})
//		t.Log(report)
//	}
//
// # Faults
//
// A backend that claims Network reaches its CA through a [Proxy]. The suite makes the proxy
// delay and truncate responses, reset connections and shut down, and checks the errors of
// the backend. It also tampers with the chains that the backend returns, and checks that
// issuer.Obtain rejects them.
package issuertest
