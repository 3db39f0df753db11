package issuertest

import (
	"context"
	"slices"
	"testing"
)

// Run tests a backend against the contract of [issuer.Issuer] and against its claims, in a
// subtest for each case, and returns what it observed. It calls newIssuer once for the cases
// without a network fault, and once more for each case with one, each time with another
// [Proxy]. The backends may share a server, which has to outlive Run. It makes about a
// hundred requests.
//
// A case waits for events, such as a response that the proxy holds, rather than for an
// amount of time. A backend that does not return fails its case after two minutes.
func Run(t *testing.T, newIssuer func(t *testing.T, proxy *Proxy) Backend, c Capabilities) Report {
	t.Helper()
	return newSuite(newIssuer(t, newProxy(t)), c).run(t, newIssuer)
}

func (s *suite) run(t *testing.T, newIssuer func(*testing.T, *Proxy) Backend) Report {
	t.Helper()
	for _, test := range cases() {
		if !test.when(s) {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			if err := s.try(t, test, newIssuer); err != nil {
				t.Error(err)
			}
		})
	}
	return s.seen.report(s.Name)
}

// try runs a case, with a backend and a proxy of its own if it has a fault.
func (s *suite) try(t *testing.T, test testCase, newIssuer func(*testing.T, *Proxy) Backend) error {
	t.Helper()
	if test.fault {
		proxy := newProxy(t)
		s = s.withProxy(newIssuer(t, proxy), proxy)
	}
	return test.run(t.Context(), s)
}

// testCase is one requirement. It returns an error rather than failing a test, so that the
// tests of the suite can check that it fails.
type testCase struct {
	name  string
	when  func(*suite) bool // whether the backend has to meet it
	fault bool              // it needs a backend and a proxy of its own
	run   func(context.Context, *suite) error
}

func cases() []testCase {
	return slices.Concat(
		keyCases(), nameCases(), csrCases(), lifetimeCases(), repeatCases(), healthCases(), tamperCases(), intermediateCases(), faultCases(),
	)
}

func always(*suite) bool { return true }
