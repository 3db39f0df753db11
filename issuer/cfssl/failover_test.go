package cfssl_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca/catest"
)

// three starts three servers of one CA.
func three(t testing.TB) []*fake {
	t.Helper()
	h := catest.New(t)
	var servers []*fake
	for range 3 {
		servers = append(servers, start(t, h.Intermediate, h.IntermediateKey))
	}
	return servers
}

// signRequests returns the number of requests to authsign of each server.
func signRequests(servers []*fake) []int {
	var hits []int
	for _, f := range servers {
		hits = append(hits, f.count(authsign))
	}
	return hits
}

func TestIssue_TriesServersInOrderFromTheLastSuccess(t *testing.T) {
	t.Parallel()
	servers := three(t)
	i := client(t, options(t, servers...))
	down := status(http.StatusBadGateway, "")
	for _, step := range []struct {
		name string
		down []bool
		want []int // requests so far
	}{
		{"the first is preferred", []bool{false, false, false}, []int{1, 0, 0}},
		{"the next is used on failure", []bool{true, false, false}, []int{2, 1, 0}},
		{"it is used again although the first is back", []bool{false, false, false}, []int{2, 2, 0}},
		{"the first is tried after the last", []bool{false, true, true}, []int{3, 3, 1}},
	} {
		for n, f := range servers {
			if step.down[n] {
				f.respond(authsign, down)
			} else {
				f.respond(authsign, nil)
			}
		}
		if _, err := i.Issue(t.Context(), request(t)); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if diff := cmp.Diff(step.want, signRequests(servers)); diff != "" {
			t.Errorf("%s: requests to the servers (-want +got):\n%s", step.name, diff)
		}
	}
}

func TestIssue_TriesTheNextServerAfter(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*fake){
		"a refused connection": func(f *fake) { f.Close() },
		"a broken connection": func(f *fake) {
			f.respond(authsign, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		},
		"an invalid token":           func(f *fake) { f.respond(authsign, status(http.StatusBadRequest, failure(400))) },
		"an HTML page":               func(f *fake) { f.respond(authsign, status(http.StatusOK, "<html>")) },
		"a disabled endpoint":        func(f *fake) { f.respond(authsign, status(http.StatusNotFound, "404 page not found\n")) },
		"too many requests":          func(f *fake) { f.respond(authsign, status(http.StatusTooManyRequests, "")) },
		"a failure of info":          func(f *fake) { f.respond(infoPath, status(http.StatusServiceUnavailable, "")) },
		"a refusal of info":          func(f *fake) { f.respond(infoPath, status(http.StatusBadRequest, failure(5500))) },
		"a CA that did not sign":     func(f *fake) { f.reported = catest.New(t).Root.Certificate() },
		"a signature of another key": func(f *fake) { f.key = catest.Key("other") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers := three(t)
			spoil(servers[0])
			if _, err := client(t, options(t, servers...)).Issue(t.Context(), request(t)); err != nil {
				t.Fatal(err)
			}
			if servers[1].count(authsign) != 1 || servers[2].count(authsign) != 0 {
				t.Errorf("requests to the servers: %v, want one to the second", signRequests(servers))
			}
		})
	}
}

func TestIssue_PermanentErrorIsFinal(t *testing.T) {
	t.Parallel()
	servers := three(t)
	servers[0].respond(authsign, status(http.StatusBadRequest, failure(5500)))
	_, err := client(t, options(t, servers...)).Issue(t.Context(), request(t))
	wantPermanent(t, "5500", err, "NameNotAllowed")
	if diff := cmp.Diff([]int{1, 0, 0}, signRequests(servers)); diff != "" {
		t.Errorf("requests to the servers (-want +got):\n%s", diff)
	}
}

func TestIssue_ErrorNamesEveryServer(t *testing.T) {
	t.Parallel()
	servers := three(t)
	for _, f := range servers {
		f.respond(authsign, status(http.StatusServiceUnavailable, ""))
	}
	_, err := client(t, options(t, servers...)).Issue(t.Context(), request(t))
	for _, f := range servers {
		wantTransient(t, err, f.URL+": status 503: the server failed")
	}
}

func TestIssue_SilentServerCostsOneTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		servers := n.start(2)
		hold(t, servers[0], authsign)
		o := options(t, servers...)
		begin := time.Now()
		if _, err := n.client(o).Issue(t.Context(), request(t)); err != nil || time.Since(begin) != o.Timeout {
			t.Errorf("after %s: got the error %v, want none after %s", time.Since(begin), err, o.Timeout)
		}
		hold(t, servers[1], authsign)
		begin = time.Now()
		_, err := n.client(o).Issue(t.Context(), request(t))
		wantTransient(t, err, servers[1].URL+": no response within 1m0s")
		if took := time.Since(begin); errors.Is(err, context.DeadlineExceeded) || took != 2*o.Timeout {
			t.Errorf("after %s: the error %v is that of the caller's context", took, err)
		}
	})
}

func TestIssue_EndedContextStopsTheFailover(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		path string
		end  func(context.Context) (context.Context, context.CancelFunc)
		want error
	}{
		"cancelled during authsign": {authsign, context.WithCancel, context.Canceled},
		"cancelled during info":     {infoPath, context.WithCancel, context.Canceled},
		"past its deadline": {authsign, func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithTimeout(ctx, time.Second)
			return ctx, func() { <-ctx.Done(); cancel() }
		}, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork(t)
				servers := n.start(2)
				arrived := hold(t, servers[0], test.path)
				i := n.client(options(t, servers...))
				ctx, end := test.end(t.Context())
				result := make(chan error, 1)
				go func() {
					_, err := i.Issue(ctx, request(t))
					result <- err
				}()
				<-arrived
				end()
				if err := <-result; !errors.Is(err, test.want) {
					t.Errorf("got the error %v, want %v", err, test.want)
				}
				if n := servers[1].count(authsign); n > 0 {
					t.Errorf("the second server was called %d times", n)
				}
			})
		})
	}
}

// hold delays responses until the test ends, and reports each request.
func hold(t testing.TB, f *fake, path string) <-chan struct{} {
	t.Helper()
	release, arrived := make(chan struct{}), make(chan struct{}, 16)
	t.Cleanup(func() { close(release) })
	f.respond(path, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // then the server notices that the client has gone
		arrived <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	return arrived
}
