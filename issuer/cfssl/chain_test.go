package cfssl_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
)

func TestIssue_RequestsTheCAOnce(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	f := start(t, h.Intermediate, h.IntermediateKey)
	i := client(t, options(t, f))
	errs := make([]error, 16)
	var group sync.WaitGroup
	for n := range errs {
		group.Go(func() { _, errs[n] = i.Issue(t.Context(), request(t)) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if n := f.count(infoPath); n != 1 {
		t.Errorf("info was called %d times, want 1", n)
	}
}

func TestIssue_WaitingForTheCAEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		f := n.start(1)[0]
		arrived := hold(t, f, infoPath)
		i := n.client(options(t, f))
		first, second := make(chan error, 1), make(chan error, 1)
		issue := func(ctx context.Context, result chan<- error) {
			_, err := i.Issue(ctx, request(t))
			result <- err
		}
		one, endOne := context.WithCancel(t.Context())
		defer endOne()
		go issue(one, first)
		<-arrived
		two, endTwo := context.WithTimeout(t.Context(), time.Second)
		defer endTwo()
		go issue(two, second)
		if err := <-second; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the second call got the error %v", err)
		}
		endOne()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the first call got the error %v", err)
		}
		if n := f.count(infoPath); n != 1 {
			t.Errorf("info was called %d times, want 1", n)
		}
	})
}

func TestIssue_WaitingForTheCAHasATimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork(t)
		f := n.start(1)[0]
		hold(t, f, infoPath)
		i := n.client(options(t, f))
		errs := make(chan error, 4)
		for range cap(errs) {
			go func() { errs <- i.Check(t.Context()) }()
		}
		for range cap(errs) {
			wantTransient(t, <-errs, "no response within 1m0s")
		}
	})
}

func TestIssue_DetectsANewCA(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	f := start(t, h.Intermediate, h.IntermediateKey)
	i := client(t, options(t, f))
	catest.Must(i.Issue(t.Context(), request(t)))(t)
	key := catest.Key("another intermediate")
	next := h.Below(t, h.Root, key, ca.IntermediateOptions{})
	f.with(func(f *fake) { f.cert, f.key = next.Certificate(), key })
	f.CloseClientConnections() // as a restart does
	got := catest.Must(issuer.Obtain(t.Context(), i, request(t), obtainOptions(h)))(t)
	if !got.Certificates[1].Equal(next.Certificate()) {
		t.Errorf("the chain leads to %s, want the new CA", got.Certificates[1].Subject)
	}
	if n := f.count(infoPath); n != 2 {
		t.Errorf("info was called %d times, want 2", n)
	}
}

func TestIssue_RequestsTheCAAgainAfterItsEnd(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	f := start(t, h.Intermediate, h.IntermediateKey)
	o := options(t, f)
	now := catest.Now()
	o.Now = func() time.Time { return now }
	i := client(t, o)
	catest.Must(i.Issue(t.Context(), request(t)))(t)
	old := h.Intermediate.Certificate()
	now = old.NotAfter
	_, err := i.Issue(t.Context(), request(t))
	wantTransient(t, err, "ended at "+old.NotAfter.UTC().Format(time.RFC3339))
	renewed := catest.Mutate(t, old, h.Root.Certificate(), h.RootKey, catest.Mutation{
		Cert: func(c *x509.Certificate) { c.NotAfter = c.NotAfter.Add(time.Hour) },
	})
	f.with(func(f *fake) { f.cert = renewed })
	if got := catest.Must(i.Issue(t.Context(), request(t)))(t); !got.Certificates[1].Equal(renewed) {
		t.Error("the chain has the CA that ended")
	}
}

func TestIssue_RejectsACAThatDidNotSign(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	for name, reported := range map[string]*x509.Certificate{
		"another name": authorityOf(t, "other", h.IntermediateKey).Certificate(),
		"another key, the same name": catest.Mutate(t, h.Intermediate.Certificate(), h.Root.Certificate(), h.RootKey, catest.Mutation{
			Cert: func(c *x509.Certificate) { c.PublicKey = catest.Key("other").Public() },
		}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, h.Intermediate, h.IntermediateKey)
			f.reported = reported
			_, err := client(t, options(t, f)).Issue(t.Context(), request(t))
			wantTransient(t, err, "did not sign the certificate")
		})
	}
}

func TestIssue_ChainContainsConfiguredIntermediates(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	// root <- upper <- lower <- the CA of the server
	upper := authorityOf(t, "upper", catest.Key("upper")).Certificate()
	lowerKey := catest.Key("lower")
	lower := catest.Mutate(t, h.Root.Certificate(), upper, catest.Key("upper"), catest.Mutation{
		Cert: func(c *x509.Certificate) {
			c.Subject.CommonName, c.PublicKey, c.SubjectKeyId = "lower", lowerKey.Public(), []byte("lower")
		},
	})
	server := catest.Mutate(t, h.Intermediate.Certificate(), lower, lowerKey, catest.Mutation{})
	f := start(t, h.Intermediate, h.IntermediateKey)
	f.cert = server
	o := options(t, f)
	o.Intermediates = []*x509.Certificate{h.Root.Certificate(), upper, lower}
	got := catest.Must(client(t, o).Issue(t.Context(), request(t)))(t).Certificates
	if diff := cmp.Diff([]*x509.Certificate{server, lower, upper}, got[1:], catest.Identical()); diff != "" {
		t.Errorf("the CAs of the chain (-want +got):\n%s", diff)
	}
}

func TestIssue_RejectsInvalidResponsesOfInfo(t *testing.T) {
	t.Parallel()
	h := catest.New(t)
	two := pemOf(h.Root.Certificate()) + pemOf(h.Intermediate.Certificate())
	for name, test := range map[string]struct{ body, want string }{
		"a number for the certificate": {`{"success":true,"result":{"certificate":7}}`, "not one of cfssl"},
		"a list for the result":        {`{"success":true,"result":[]}`, "not one of cfssl"},
		"words for the usages":         {`{"success":true,"result":{"certificate":"","usages":"any","expiry":1}}`, "not one of cfssl"},
		"a number of many digits":      {`{"success":true,"errors":[{"code":` + strings.Repeat("9", 10_000) + `}]}`, `99"...`},
		"no result":                    {`{"success":true,"result":null}`, "has no result"},
		"no certificate":               {`{"success":true,"result":{}}`, "no PEM block"},
		"two certificates":             {responseWith(two), "2 certificates in the response, expected one"},
		"a certificate and words":      {responseWith("issued\n" + two), "not PEM"},
		"a certificate that is spoilt": {responseWith("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "the certificate in the response"},
		"no success, and no error":     {`{"success":false}`, "status 200: the response does not report success"},
		"no success, with a code":      {failure(5500), "status 200, code 5500"},
		"more than JSON":               {responseWith(pemOf(h.Intermediate.Certificate())) + "{}", "not one of cfssl"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := start(t, h.Intermediate, h.IntermediateKey)
			f.respond(infoPath, status(http.StatusOK, test.body))
			_, err := client(t, options(t, f)).Issue(t.Context(), request(t))
			wantTransient(t, err, test.want)
			if err != nil && len(err.Error()) > 500 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}
