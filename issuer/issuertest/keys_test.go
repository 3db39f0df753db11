package issuertest

import "testing"

// sharedKeys are made once for all tests: an RSA key takes long.
var sharedKeys = newKeys()

// defectBurst is enough concurrent requests to find a defect.
const defectBurst = 4

// runShared is Run with the shared keys.
func runShared(t *testing.T, newIssuer func(*testing.T, *Proxy) Backend, c Capabilities) Report {
	t.Helper()
	s := newSuite(newIssuer(t, newProxy(t)), c)
	s.keys = sharedKeys
	return s.run(t, newIssuer)
}
