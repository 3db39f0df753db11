package issuertest

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/issuer"
)

// spoiltRemote is the client of the server of the tests with a defect.
type spoiltRemote struct {
	*remote
	issue func(context.Context, issuer.Request, next) (*issuer.Chain, error)
	check func(context.Context, func(context.Context) error) error
}

func (s *spoiltRemote) Issue(ctx context.Context, r issuer.Request) (*issuer.Chain, error) {
	if s.issue != nil {
		return s.issue(ctx, r, s.remote.Issue)
	}
	return s.remote.Issue(ctx, r)
}

func (s *spoiltRemote) Check(ctx context.Context) error {
	if s.check != nil {
		return s.check(ctx, s.remote.Check)
	}
	return s.remote.Check(ctx)
}

type networkDefect struct {
	name  string
	spoil func(*spoiltRemote)
	want  []string
}

// blaming makes some errors permanent.
func blaming(blame func(error) bool) func(*spoiltRemote) {
	return func(s *spoiltRemote) {
		s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
			chain, err := next(ctx, r)
			if err != nil && blame(err) {
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
		cancelled = "a request is cancelled in the middle of its answer"
		late      = "a deadline passes in the middle of an answer"
		cut       = "an answer that is cut off is not the fault of the request"
		down      = "a CA that is down is not the fault of the request"
		back      = "a request works again when the line does"
		flaps     = "on a line that flaps some requests work"
		unhealthy = "a CA that is down is not healthy"
		checks    = "a health check ends with its context"
	)
	return []networkDefect{
		{"none", func(*spoiltRemote) {}, []string{}},
		{"deaf to its context", func(s *spoiltRemote) {
			s.issue = func(ctx context.Context, r issuer.Request, next next) (*issuer.Chain, error) {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				return next(context.WithoutCancel(ctx), r)
			}
		}, []string{cancelled, late}},
		{"a cancelled request is to blame", blaming(func(err error) bool {
			return errors.Is(err, context.Canceled)
		}), []string{"a request whose context has ended gives that error", cancelled}},
		{"a late request is to blame", blaming(is(context.DeadlineExceeded)), []string{late}},
		{"half an answer is the request's fault", blaming(func(err error) bool {
			return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF)
		}), []string{cut, back, flaps}},
		{"a CA that is down is the request's fault", blaming(is(syscall.ECONNREFUSED)), []string{down}},
		{"it never tries again", func(s *spoiltRemote) {
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
		{"always healthy", func(s *spoiltRemote) {
			s.check = func(context.Context, func(context.Context) error) error { return nil }
		}, []string{unhealthy, checks}},
		{"a health check without an end", func(s *spoiltRemote) {
			s.check = func(ctx context.Context, next func(context.Context) error) error {
				return next(context.WithoutCancel(ctx))
			}
		}, []string{checks}},
	}
}

func TestEachDefectOnTheNetworkIsFoundByItsCasesAlone(t *testing.T) {
	t.Parallel()
	shared := newKeys()
	for _, d := range networkDefects() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			g := newGood(t)
			server := serve(t, g)
			newIssuer := func(t *testing.T, proxy *Proxy) Backend {
				client := &spoiltRemote{remote: dial(t, server, proxy)}
				d.spoil(client)
				return g.backend(client)
			}
			s := newSuite(newIssuer(t, newProxy(t)), networkClaims())
			s.keys, s.grace = shared, time.Second
			if diff := cmp.Diff(d.want, complaints(t, s, newIssuer)); diff != "" {
				t.Errorf("complaints (-want +got):\n%s", diff)
			}
		})
	}
}
