package issuertest

import (
	"context"
	"maps"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
)

// next is the method of the reference backend.
type (
	next   func(context.Context, issuer.Request) (*issuer.Chain, error)
	nextCA func(context.Context, issuer.IntermediateRequest) (*issuer.Chain, error)
)

// defective is the reference backend with a defect. A nil function is not replaced.
type defective struct {
	*reference
	issue   func(context.Context, issuer.Request, next) (*issuer.Chain, error)
	issueCA func(context.Context, issuer.IntermediateRequest, nextCA) (*issuer.Chain, error)
	check   func(context.Context) error
}

func (s *defective) Issue(ctx context.Context, r issuer.Request) (*issuer.Chain, error) {
	if s.issue != nil {
		return s.issue(ctx, r, s.reference.Issue)
	}
	return s.reference.Issue(ctx, r)
}

func (s *defective) IssueIntermediate(ctx context.Context, r issuer.IntermediateRequest) (*issuer.Chain, error) {
	if s.issueCA != nil {
		return s.issueCA(ctx, r, s.reference.IssueIntermediate)
	}
	return s.reference.IssueIntermediate(ctx, r)
}

func (s *defective) Check(ctx context.Context) error {
	if s.check != nil {
		return s.check(ctx)
	}
	return s.reference.Check(ctx)
}

// defect is one fault of a backend, and the cases that must fail because of it: those and
// no others.
type defect struct {
	name   string
	inject func(*testing.T, *defective)
	// unchecked skips the checks of issuer.Obtain for the responses of the backend, for
	// tampered ones, or for both of intermediates.
	unchecked unchecked
	claims    func(*Capabilities)
	want      []string
}

type unchecked int

const (
	checkedAll unchecked = iota
	uncheckedResponses
	uncheckedTampering
	uncheckedCAs
)

// suite returns a suite that skips the checks.
func (d defect) suite(b Backend, c Capabilities) *suite {
	s := newSuite(b, c)
	s.keys, s.burst = sharedKeys, defectBurst
	s.obtain = func(ctx context.Context, i issuer.Issuer, r issuer.Request, o issuer.ObtainOptions) (*issuer.Chain, error) {
		_, tampered := i.(*tamperer)
		if d.unchecked == uncheckedResponses && !tampered || d.unchecked == uncheckedTampering && tampered {
			return deliver(o)(i.Issue(ctx, r))
		}
		return issuer.Obtain(ctx, i, r, o)
	}
	if d.unchecked == uncheckedCAs {
		s.obtainIntermediate = func(ctx context.Context, i issuer.IntermediateIssuer, r issuer.IntermediateRequest, o issuer.ObtainOptions) (*issuer.Chain, error) {
			return deliver(o)(i.IssueIntermediate(ctx, r))
		}
	}
	return s
}

func deliver(o issuer.ObtainOptions) func(*issuer.Chain, error) (*issuer.Chain, error) {
	return func(chain *issuer.Chain, err error) (*issuer.Chain, error) {
		if err != nil || chain == nil {
			return nil, err
		}
		return &issuer.Chain{Certificates: ca.Complete(chain.Certificates, o.Roots)}, nil
	}
}

// failures runs the cases of a suite, and returns the names of those that fail.
func failures(t *testing.T, s *suite, newIssuer func(*testing.T, *Proxy) Backend) []string {
	t.Helper()
	names := []string{}
	for _, test := range cases() {
		if !test.when(s) {
			continue
		}
		if err := s.try(t, test, newIssuer); err != nil {
			names = append(names, test.name)
			t.Logf("%s: %v", test.name, err)
		}
	}
	return names
}

func TestCases_FindEachDefect(t *testing.T) {
	t.Parallel()
	for _, d := range slices.Concat(requestDefects(), contextDefects(), intermediateDefects()) {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { d.isFound(t) })
		})
	}
}

func (d defect) isFound(t *testing.T) {
	t.Helper()
	g := newReference(t)
	claims := everything()
	if d.claims != nil {
		d.claims(&claims)
	}
	b := &defective{reference: g}
	d.inject(t, b)
	newIssuer := func(*testing.T, *Proxy) Backend { return g.backend(b) }
	got := failures(t, d.suite(newIssuer(t, nil), claims), newIssuer)
	if diff := cmp.Diff(d.want, got); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
}

func TestCases_EachFindsADefect(t *testing.T) {
	t.Parallel()
	covered := make(map[string]bool)
	for _, d := range slices.Concat(requestDefects(), contextDefects(), intermediateDefects()) {
		for _, name := range d.want {
			covered[name] = true
		}
	}
	for _, d := range networkDefects() {
		for _, name := range d.want {
			covered[name] = true
		}
	}
	all := make(map[string]bool)
	for _, test := range cases() {
		if all[test.name] {
			t.Errorf("two cases are called %q", test.name)
		}
		all[test.name] = true
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(covered))); diff != "" {
		t.Errorf("cases that find a defect (-cases +defects):\n%s", diff)
	}
}
