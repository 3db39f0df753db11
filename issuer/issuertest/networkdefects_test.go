package issuertest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/issuer"
)

// defectiveRemote is the client of the test server, with a defect.
type defectiveRemote struct {
	*remote
	ignored chan time.Time
	issue   func(context.Context, issuer.Request, next) (*issuer.Chain, error)
	check   func(context.Context, func(context.Context) error) error
}

func (s *defectiveRemote) Issue(ctx context.Context, r issuer.Request) (*issuer.Chain, error) {
	if s.issue != nil {
		return s.issue(ctx, r, s.remote.Issue)
	}
	return s.remote.Issue(ctx, r)
}

func (s *defectiveRemote) Check(ctx context.Context) error {
	if s.check != nil {
		return s.check(ctx, s.remote.Check)
	}
	return s.remote.Check(ctx)
}

type networkDefect struct {
	name   string
	inject func(*defectiveRemote)
	want   []string
}

// ignoring calls a function without its context. When that ends it notifies the suite, in
// place of the time that a backend has to return.
func (s *defectiveRemote) ignoring(ctx context.Context, call func(context.Context)) {
	stop := context.AfterFunc(ctx, func() { s.ignored <- time.Time{} })
	defer stop()
	call(context.WithoutCancel(ctx))
}

// withoutReuse makes each request on a new connection: the error of one that the proxy has
// reset would depend on when the client detects it.
func (s *defectiveRemote) withoutReuse() {
	s.client.Transport.(*http.Transport).DisableKeepAlives = true
}

// permanentIf makes some errors permanent.
func permanentIf(match func(error) bool) func(*defectiveRemote) {
	return func(s *defectiveRemote) {
		s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
			chain, err := next(ctx, r)
			if err != nil && match(err) {
				return nil, &issuer.PermanentError{Reason: "Refused", Err: err}
			}
			return chain, err
		}
	}
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func networkDefects() []networkDefect {
	const (
		cancelled   = "a request is cancelled while its response is held"
		late        = "a deadline passes while the response is held"
		cut         = "a truncated response is a transient error"
		unreachable = "a CA that is down is a transient error"
		back        = "requests succeed again after a fault"
		flaps       = "some requests succeed over a flapping network"
		unhealthy   = "a health check fails while the CA is down"
		checks      = "a health check ends with its context"
	)
	return []networkDefect{
		{"none", func(*defectiveRemote) {}, []string{}},
		{"the context is ignored", func(s *defectiveRemote) {
			s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				var chain *issuer.Chain
				var err error
				s.ignoring(ctx, func(ctx context.Context) { chain, err = next(ctx, r) })
				return chain, err
			}
		}, []string{cancelled, late}},
		{"cancellation is a permanent error", permanentIf(func(err error) bool {
			return errors.Is(err, context.Canceled)
		}), []string{"a request with an ended context returns its error", cancelled}},
		{"a passed deadline is a permanent error", permanentIf(is(context.DeadlineExceeded)), []string{late}},
		{"a truncated response is a permanent error", func(s *defectiveRemote) {
			s.withoutReuse()
			permanentIf(func(err error) bool {
				return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF)
			})(s)
		}, []string{cut, back, flaps}},
		{"a CA that is down is a permanent error", func(s *defectiveRemote) {
			s.withoutReuse()
			permanentIf(is(syscall.ECONNREFUSED))(s)
		}, []string{unreachable}},
		{"no request after a failed one", func(s *defectiveRemote) {
			var broken atomic.Bool
			s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
				if broken.Load() {
					return nil, errDefect
				}
				chain, err := next(ctx, r)
				broken.Store(err != nil && r.SPIFFEID.String() != "" && ctx.Err() == nil && !isA[*issuer.PermanentError](err))
				return chain, err
			}
		}, []string{back, flaps}},
		{"a health check that always succeeds", func(s *defectiveRemote) {
			s.check = func(context.Context, func(context.Context) error) error { return nil }
		}, []string{unhealthy, checks}},
		{"a health check ignores its context", func(s *defectiveRemote) {
			s.check = func(ctx context.Context, next func(context.Context) error) (err error) {
				s.ignoring(ctx, func(ctx context.Context) { err = next(ctx) })
				return err
			}
		}, []string{checks}},
	}
}

func TestCases_FindEachNetworkDefect(t *testing.T) {
	t.Parallel()
	for _, d := range networkDefects() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			g := newReference(t)
			server := serve(t, g)
			ignored := make(chan time.Time, 1)
			newIssuer := func(t *testing.T, proxy *Proxy) Backend {
				client := &defectiveRemote{remote: dial(t, server, proxy), ignored: ignored}
				d.inject(client)
				return g.backend(client)
			}
			s := newSuite(newIssuer(t, newProxy(t)), networkClaims())
			s.keys, s.burst = sharedKeys, defectBurst
			s.grace = func() <-chan time.Time { return ignored }
			if diff := cmp.Diff(d.want, failures(t, s, newIssuer)); diff != "" {
				t.Errorf("failures (-want +got):\n%s", diff)
			}
		})
	}
}
