package e2e_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/issuertest"
	"github.com/trustgen/trustgen/issuer/local"
	cfsslserver "github.com/trustgen/trustgen/test/e2e/cfssl"
)

func TestCFSSL_Conformance(t *testing.T) {
	t.Parallel()
	c := newCorporate(t)
	c.server.CALifetime = time.Hour // the lifetime that the suite requests
	server := cfsslserver.Start(t, c.server)
	report := issuertest.Run(t, func(t *testing.T, proxy *issuertest.Proxy) issuertest.Backend {
		o := options(t, firstKey, server)
		o.URLs = []string{"https://" + proxy.Via(strings.TrimPrefix(server.URL, "https://"))}
		return issuertest.Backend{
			Name:      "cfssl 1.6.5",
			Issuer:    newIssuer(t, o),
			Roots:     c.root.Chain(),
			Forbidden: spiffeid.RequireFromString("spiffe://cluster.local/ns/shop/role/checkout"),
		}
	}, issuertest.Capabilities{Network: true, Check: true, NeedsCSR: true, DNSNames: true, Intermediates: true})
	t.Logf("\n%s", report)
}

func TestCFSSL_RestartAfterKill(t *testing.T) {
	t.Parallel()
	c := newCorporate(t)
	server := cfsslserver.Start(t, c.server)
	i := newIssuer(t, options(t, firstKey, server))
	first := c.mustObtain(t, i)

	server.Process.Kill()
	_, err := c.obtain(t, i)
	assertTransient(t, err)
	assertTransient(t, i.Check(t.Context()))

	c.renew(t)
	server.Restart(t, c.server)
	second := c.mustObtain(t, i)
	if second.Certificates[1].Equal(first.Certificates[1]) || !second.Certificates[1].Equal(c.issuing.Certificate()) {
		t.Errorf("after a restart with another CA the chain is %v", subjects(second.Certificates))
	}
}

func TestCFSSL_HangEndsAtDeadline(t *testing.T) {
	t.Parallel()
	c := newCorporate(t)
	server := cfsslserver.Start(t, c.server)
	i := newIssuer(t, options(t, firstKey, server))
	c.mustObtain(t, i)

	server.Process.Pause(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	begin := time.Now()
	_, err := issuer.Obtain(ctx, i, request(t), issuer.ObtainOptions{Roots: c.root.Chain()})
	waited := time.Since(begin)
	server.Process.Resume(t)

	assertTransient(t, err)
	if !errors.Is(err, context.DeadlineExceeded) || waited > 3*time.Second {
		t.Errorf("got the error %v after %s, want the error of the deadline after 300ms", err, waited)
	}
	c.mustObtain(t, i)
}

func TestCFSSL_AuthKeyRotation(t *testing.T) {
	t.Parallel()
	c := newCorporate(t)
	server := cfsslserver.Start(t, c.server)
	before := newIssuer(t, options(t, firstKey, server))
	after := newIssuer(t, options(t, secondKey, server))
	c.mustObtain(t, before)
	_, err := c.obtain(t, after)
	assertTransient(t, err)

	c.server.AuthKey, c.server.PreviousKey = secondKey, firstKey
	server.Restart(t, c.server)
	c.mustObtain(t, before)
	c.mustObtain(t, after)

	c.server.PreviousKey = ""
	server.Restart(t, c.server)
	_, err = c.obtain(t, before)
	assertTransient(t, err)
	if err == nil || !strings.Contains(err.Error(), "invalid token") {
		t.Errorf("got the error %v, want one about the token", err)
	}
	c.mustObtain(t, after)
}

func TestCFSSL_FailsOverToSecondServer(t *testing.T) {
	t.Parallel()
	c := newCorporate(t)
	first := cfsslserver.Start(t, c.server)
	c.renew(t) // each server has its own CA
	second := first.StartAnother(t, c.server)
	i := newIssuer(t, options(t, firstKey, first, second))
	if chain := c.mustObtain(t, i); chain.Certificates[1].Equal(c.issuing.Certificate()) {
		t.Error("the second server responded, want the first")
	}
	first.Process.Kill()
	if chain := c.mustObtain(t, i); !chain.Certificates[1].Equal(c.issuing.Certificate()) {
		t.Errorf("the chain is %v, want that of the second server", subjects(chain.Certificates))
	}
}

func TestCFSSL_RejectsUnknownClients(t *testing.T) {
	t.Parallel()
	c := newCorporate(t)
	o := options(t, firstKey, cfsslserver.Start(t, c.server))
	o.ClientCertificate = nil
	_, err := c.obtain(t, newIssuer(t, o))
	assertTransient(t, err)
}

func TestCFSSL_RefusalIsPermanent(t *testing.T) {
	t.Parallel()
	c := newCorporate(t)
	i := newIssuer(t, options(t, firstKey, cfsslserver.Start(t, c.server)))
	r := request(t)
	r.SPIFFEID = spiffeid.RequireFromString("spiffe://other.example/ns/shop/sa/checkout")
	_, err := issuer.Obtain(t.Context(), i, r, issuer.ObtainOptions{Backend: "cfssl", Roots: c.root.Chain()})
	var permanent *issuer.PermanentError
	if !errors.As(err, &permanent) {
		t.Errorf("got the error %v, want a PermanentError", err)
	}
}

func TestCFSSL_DetectsUnknownProfile(t *testing.T) {
	t.Parallel()
	c := newCorporate(t)
	server := cfsslserver.Start(t, c.server)
	o := options(t, firstKey, server)
	o.Profile = "wrkloads"
	i := newIssuer(t, o)
	_, err := c.obtain(t, i)
	assertTransient(t, err) // the default profile has a different key

	c.server.CarelessDefault = true
	server.Restart(t, c.server)
	_, err = c.obtain(t, i)
	assertTransient(t, err)
	var wrong *issuer.ResponseError
	if !errors.As(err, &wrong) {
		t.Errorf("got the error %v, want a ResponseError: the default profile gives a year", err)
	}
}

// TestEphemeral_RenewsFromCFSSL moves the clock of the ephemeral CA, but not that of the server.
// To the CA a new certificate seems old, which one rule would reject, and needs a longer
// lifetime.
func TestEphemeral_RenewsFromCFSSL(t *testing.T) {
	t.Parallel()
	c := newCorporate(t)
	server := cfsslserver.Start(t, c.server)
	var ahead time.Duration
	now := func() time.Time { return time.Now().Add(ahead) }
	obtain := issuer.ObtainOptions{Backend: "cfssl", Roots: c.root.Chain(), Except: []ca.Rule{issuer.RuleGrantedStart}, Now: now}
	ephemeral, err := local.NewEphemeral(local.EphemeralOptions{
		Upstream:   newIssuer(t, options(t, firstKey, server)),
		Obtain:     obtain,
		CommonName: "west",
		Lifetime:   24 * time.Hour,
		Now:        now,
	})
	if err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		if err := ephemeral.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	leaf := func() {
		t.Helper()
		chain, err := issuer.Obtain(t.Context(), ephemeral, request(t), obtain)
		if err != nil {
			t.Fatal(err)
		}
		if len(chain.Certificates) != 4 || !chain.Certificates[1].Equal(ephemeral.Certificate()) {
			t.Errorf("the chain is %v, want leaf, west, issuing, root", subjects(chain.Certificates))
		}
	}
	check()
	leaf()
	first := ephemeral.Certificate()

	server.Process.Kill()
	ahead = 18 * time.Hour
	check() // the old certificate is valid for hours
	leaf()
	if ephemeral.Trouble() == nil || !ephemeral.Certificate().Equal(first) {
		t.Errorf("without the server the CA is %s, and the renewal reports %v", ephemeral.Certificate().Subject, ephemeral.Trouble())
	}

	c.server.CALifetime += 19 * time.Hour
	server.Restart(t, c.server)
	ahead = 19 * time.Hour
	check()
	leaf()
	if ephemeral.Trouble() != nil || ephemeral.Certificate().Equal(first) {
		t.Errorf("after the restart of the server the CA is %s, and the renewal reports %v", ephemeral.Certificate().Subject, ephemeral.Trouble())
	}
}
