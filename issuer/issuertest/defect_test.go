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

// next is what an issuer would do without its defect.
type (
	next   func(context.Context, issuer.Request) (*issuer.Chain, error)
	nextCA func(context.Context, issuer.IntermediateRequest) (*issuer.Chain, error)
)

// spoilt is the good backend with a defect; what is nil stays good.
type spoilt struct {
	*good
	issue   func(context.Context, issuer.Request, next) (*issuer.Chain, error)
	issueCA func(context.Context, issuer.IntermediateRequest, nextCA) (*issuer.Chain, error)
	check   func(context.Context) error
}

func (s *spoilt) Issue(ctx context.Context, r issuer.Request) (*issuer.Chain, error) {
	if s.issue != nil {
		return s.issue(ctx, r, s.good.Issue)
	}
	return s.good.Issue(ctx, r)
}

func (s *spoilt) IssueIntermediate(ctx context.Context, r issuer.IntermediateRequest) (*issuer.Chain, error) {
	if s.issueCA != nil {
		return s.issueCA(ctx, r, s.good.IssueIntermediate)
	}
	return s.good.IssueIntermediate(ctx, r)
}

func (s *spoilt) Check(ctx context.Context) error {
	if s.check != nil {
		return s.check(ctx)
	}
	return s.good.Check(ctx)
}

// defect is one fault of a backend, and the cases that complain about it: those and
// no others.
type defect struct {
	name  string
	spoil func(*testing.T, *spoilt)
	// careless lets what the backend answers through unchecked, as if issuer.Obtain
	// did not do its work: answers to requests, lies about them, or both for CAs.
	careless careless
	claims   func(*Capabilities)
	want     []string
}

type careless int

const (
	careful careless = iota
	carelessOfAnswers
	carelessOfLies
	carelessOfCAs
)

// suite lets a careless one obtain.
func (d defect) suite(b Backend, c Capabilities) *suite {
	s := newSuite(b, c)
	s.keys, s.burst = sharedKeys, defectBurst
	s.obtain = func(ctx context.Context, i issuer.Issuer, r issuer.Request, o issuer.ObtainOptions) (*issuer.Chain, error) {
		_, lying := i.(*tamperer)
		if d.careless == carelessOfAnswers && !lying || d.careless == carelessOfLies && lying {
			return unchecked(o)(i.Issue(ctx, r))
		}
		return issuer.Obtain(ctx, i, r, o)
	}
	if d.careless == carelessOfCAs {
		s.obtainIntermediate = func(ctx context.Context, i issuer.IntermediateIssuer, r issuer.IntermediateRequest, o issuer.ObtainOptions) (*issuer.Chain, error) {
			return unchecked(o)(i.IssueIntermediate(ctx, r))
		}
	}
	return s
}

func unchecked(o issuer.ObtainOptions) func(*issuer.Chain, error) (*issuer.Chain, error) {
	return func(chain *issuer.Chain, err error) (*issuer.Chain, error) {
		if err != nil || chain == nil {
			return nil, err
		}
		return &issuer.Chain{Certificates: ca.Complete(chain.Certificates, o.Roots)}, nil
	}
}

// complaints runs the cases that a suite has to meet.
func complaints(t *testing.T, s *suite, newIssuer func(*testing.T, *Proxy) Backend) []string {
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

func TestEachDefectIsFoundByItsCasesAlone(t *testing.T) {
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
	g := newGood(t)
	claims := everything()
	if d.claims != nil {
		d.claims(&claims)
	}
	b := &spoilt{good: g}
	d.spoil(t, b)
	newIssuer := func(*testing.T, *Proxy) Backend { return g.backend(b) }
	got := complaints(t, d.suite(newIssuer(t, nil), claims), newIssuer)
	if diff := cmp.Diff(d.want, got); diff != "" {
		t.Errorf("complaints (-want +got):\n%s", diff)
	}
}

func TestEveryCaseCanComplain(t *testing.T) {
	t.Parallel()
	owned := make(map[string]bool)
	for _, d := range slices.Concat(requestDefects(), contextDefects(), intermediateDefects()) {
		for _, name := range d.want {
			owned[name] = true
		}
	}
	for _, d := range networkDefects() {
		for _, name := range d.want {
			owned[name] = true
		}
	}
	all := make(map[string]bool)
	for _, test := range cases() {
		if all[test.name] {
			t.Errorf("two cases are called %q", test.name)
		}
		all[test.name] = true
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(owned))); diff != "" {
		t.Errorf("cases with a defect that they find (-cases +defects):\n%s", diff)
	}
}
