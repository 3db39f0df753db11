package issuertest

import (
	"context"
	"testing"
)

// Run holds a backend against the contract and its claims, in a subtest for each
// case, and returns what it honours. It makes a backend for the cases without
// faults, and for each case with a fault another one with a line of its own; all of
// them may share a server, which then outlives Run. It makes about a hundred requests.
func Run(t *testing.T, newIssuer func(t *testing.T, proxy *Proxy) Backend, c Capabilities) Report {
	t.Helper()
	s := newSuite(newIssuer(t, newProxy(t)), c)
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

// try runs a case, on a line of its own if it needs one.
func (s *suite) try(t *testing.T, test testCase, newIssuer func(*testing.T, *Proxy) Backend) error {
	t.Helper()
	if test.fault {
		proxy := newProxy(t)
		s = s.another(newIssuer(t, proxy), proxy)
	}
	return test.run(t.Context(), s)
}

// testCase is one demand on a backend. It is a function that returns an error,
// rather than a test, so that a test of the suite can see it fail.
type testCase struct {
	name  string
	when  func(*suite) bool // whether the backend has to meet it
	fault bool              // it needs a line of its own
	run   func(context.Context, *suite) error
}

func cases() []testCase {
	var all []testCase
	for _, part := range [][]testCase{
		keyCases(), nameCases(), csrCases(), lifetimeCases(), repeatCases(), healthCases(), tamperCases(), intermediateCases(), faultCases(),
	} {
		all = append(all, part...)
	}
	return all
}

func always(*suite) bool { return true }
