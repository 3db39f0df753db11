// Package issuertest is the conformance suite of package issuer: [Run] holds a
// backend against the contract, and reports what it honours.
//
// A backend passes if it keeps the contract of [issuer.Issuer] and every claim of
// its [Capabilities]. Certificates are asked for with [issuer.Obtain] and
// [issuer.ObtainIntermediate] only, as callers do, and what these deliver is looked
// at once more.
//
// # A test with it
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
// A backend that claims Network reaches its CA through a [Proxy], which the suite
// holds up, cuts and takes down: what is tested is how the backend itself bears it.
// Tampered responses are made from real ones.
package issuertest
