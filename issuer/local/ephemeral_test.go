package local_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/local"
)

// upstream is a root that certifies CAs unless a test replaces its responses.
type upstream struct {
	mu        sync.Mutex
	root      *local.Issuer
	respond   func(context.Context, issuer.IntermediateRequest) (*issuer.Chain, error) // nil means the root
	requested []issuer.IntermediateRequest
}

func (u *upstream) IssueIntermediate(ctx context.Context, r issuer.IntermediateRequest) (*issuer.Chain, error) {
	u.mu.Lock()
	u.requested = append(u.requested, r)
	respond := u.respond
	u.mu.Unlock()
	if respond != nil {
		return respond(ctx, r)
	}
	return u.root.IssueIntermediate(ctx, r)
}

func (u *upstream) responds(respond func(context.Context, issuer.IntermediateRequest) (*issuer.Chain, error)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.respond = respond
}

func (u *upstream) fails(err error) {
	u.responds(func(context.Context, issuer.IntermediateRequest) (*issuer.Chain, error) { return nil, err })
}

func (u *upstream) requests() []issuer.IntermediateRequest {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]issuer.IntermediateRequest(nil), u.requested...)
}

// life is an ephemeral CA, its upstream, and the clock of both.
type life struct {
	*local.Ephemeral
	up   *upstream
	root *ca.Authority

	mu      sync.Mutex
	elapsed time.Duration
}

func (l *life) now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return catest.Now().Add(l.elapsed)
}

// at sets the time since the start.
func (l *life) at(elapsed time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.elapsed = elapsed
}

func (l *life) options() issuer.ObtainOptions {
	return issuer.ObtainOptions{Backend: "upstream", Roots: l.root.Chain(), Now: l.now}
}

func newLife(t *testing.T, change ...func(*local.EphemeralOptions)) *life {
	t.Helper()
	l := &life{up: &upstream{}}
	l.root = catest.Must(ca.NewRoot(ca.RootOptions{Key: catest.Key("root"), Organization: "mesh", Now: l.now}))(t)
	l.up.root = catest.Must(local.New(l.root, local.Options{Now: l.now}))(t)
	o := local.EphemeralOptions{
		Upstream:   l.up,
		Obtain:     issuer.ObtainOptions{Backend: "upstream", Roots: l.root.Chain()},
		CommonName: "east",
		Jitter:     func() float64 { return 0.5 },
		Now:        l.now,
	}
	for _, c := range change {
		c(&o)
	}
	l.Ephemeral = catest.Must(local.NewEphemeral(o))(t)
	return l
}

// healthy requires a successful Check, and returns the certificate.
func (l *life) healthy(t *testing.T) *x509.Certificate {
	t.Helper()
	if err := l.Check(t.Context()); err != nil {
		t.Fatalf("it is not healthy: %v", err)
	}
	return l.Certificate()
}

func (l *life) obtain(t *testing.T) *issuer.Chain {
	t.Helper()
	return catest.Must(issuer.Obtain(t.Context(), l, request(), l.options()))(t)
}

func TestIssue_FailsBeforeTheFirstCheck(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	wantTransient(t, l, "the CA east has not been obtained yet")
	if _, err := l.CRL(); err == nil {
		t.Error("there is a CRL")
	}
	if l.Certificate() != nil || l.Chain() != nil {
		t.Error("there is a certificate")
	}
	l.up.fails(&issuer.PermanentError{Reason: "Refused", Err: errors.New("no CAs")})
	err := l.Check(t.Context())
	if !errors.As(err, new(*issuer.PermanentError)) || !errors.Is(l.Trouble(), errors.Unwrap(l.Trouble())) {
		t.Errorf("got the error %v, want that of the upstream", err)
	}
	wantTransient(t, l, "the CA east has not been obtained yet: upstream: no CAs")
}

// wantTransient requires a transient error of a request.
func wantTransient(t *testing.T, l *life, want string) {
	t.Helper()
	_, err := l.Issue(t.Context(), request())
	if err == nil || !strings.Contains(err.Error(), want) || errors.As(err, new(*issuer.PermanentError)) || errors.As(err, new(*issuer.PendingError)) {
		t.Errorf("got the error %v, want a transient one with %q", err, want)
	}
}

func TestCheck_SendsAValidCSR(t *testing.T) {
	t.Parallel()
	constraints := &ca.NameConstraints{TrustDomain: "mesh.example.com", DNSNames: []string{"istiod.istio-system.svc"}}
	var roots []*x509.Certificate
	l := newLife(t, func(o *local.EphemeralOptions) {
		o.KeyType, o.Lifetime, o.Constraints = "p-384", time.Hour, constraints
		roots = o.Obtain.Roots
	})
	roots[0] = nil
	constraints.TrustDomain = "changed.example.com"
	cert := l.healthy(t)
	r := l.up.requests()[0]
	csr := catest.Must(x509.ParseCertificateRequest(r.CSR))(t)
	if err := csr.CheckSignature(); err != nil || !ca.SamePublicKey(csr.PublicKey, r.PublicKey) {
		t.Errorf("the CSR is not that of the key: %v", err)
	}
	if csr.Subject.CommonName != cert.Subject.CommonName || r.CommonName != "east" || r.Lifetime != time.Hour {
		t.Errorf("requested was %s, %s and %s; the CA has the name %s", csr.Subject, r.CommonName, r.Lifetime, cert.Subject)
	}
	if got := catest.Must(ca.KeyTypeOf(cert.PublicKey))(t); got != ca.P384 {
		t.Errorf("its key is %s", got)
	}
	if cert.PermittedURIDomains[0] != "mesh.example.com" {
		t.Errorf("it is constrained to %v", cert.PermittedURIDomains)
	}
}

func TestCRL_IsEmptyAndEndsWithTheCA(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	cert := l.healthy(t)
	first := catest.Must(l.CRL())(t)
	if err := first.CheckSignatureFrom(cert); err != nil {
		t.Error(err)
	}
	if first.Number.Cmp(big.NewInt(1)) != 0 || !first.NextUpdate.Equal(cert.NotAfter) || len(first.RevokedCertificateEntries) > 0 {
		t.Errorf("CRL %d with %d entries ends at %s", first.Number, len(first.RevokedCertificateEntries), first.NextUpdate)
	}
	l.at(time.Hour)
	if again := catest.Must(l.CRL())(t); !bytes.Equal(again.Raw, first.Raw) {
		t.Error("there are two CRLs with one number")
	}
	l.at(due)
	if err := catest.Must(l.CRL())(t).CheckSignatureFrom(l.healthy(t)); err == nil {
		t.Error("the old CRL is that of the new CA")
	}
	if err := catest.Must(l.CRL())(t).CheckSignatureFrom(l.Certificate()); err != nil {
		t.Errorf("the CRL is not that of the new CA: %v", err)
	}
}

func TestCheck_EndedContextDoesNotCallTheUpstream(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Check(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v, want that of the context", err)
	}
	l.healthy(t)
	l.at(due)
	if err := l.Check(ended); err != nil || len(l.up.requests()) != 1 {
		t.Errorf("a healthy CA gives %v after %d requests", err, len(l.up.requests()))
	}
}

func TestNewEphemeral_ChecksOptions(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	for want, change := range map[string]func(*local.EphemeralOptions){
		"the upstream is missing":             func(o *local.EphemeralOptions) { o.Upstream = nil },
		"the roots":                           func(o *local.EphemeralOptions) { o.Obtain.Roots = nil },
		"the common name is missing":          func(o *local.EphemeralOptions) { o.CommonName = "" },
		`key type "Ed25519"`:                  func(o *local.EphemeralOptions) { o.KeyType = "Ed25519" },
		"59m59s is shorter than 1h0m0s":       func(o *local.EphemeralOptions) { o.Lifetime = time.Hour - time.Second },
		"the lifetime -1ns is shorter than":   func(o *local.EphemeralOptions) { o.Lifetime = -1 },
		"announce: 59s is shorter than 1m0s":  func(o *local.EphemeralOptions) { o.Announce, o.Announcer = time.Minute-time.Second, &board{} },
		"announce: -1ns is shorter than 1m0s": func(o *local.EphemeralOptions) { o.Announce, o.Announcer = -1, &board{} },
		"announce: 6h0m1s is longer than a quarter of the lifetime 24h0m0s": func(o *local.EphemeralOptions) {
			o.Announce, o.Announcer = 6*time.Hour+time.Second, &board{}
		},
		"announce: the announcer is missing":    func(o *local.EphemeralOptions) { o.Announce = time.Hour },
		`trust domain "spiffe://mesh" is not a`: func(o *local.EphemeralOptions) { o.Constraints = &ca.NameConstraints{TrustDomain: "spiffe://mesh"} },
	} {
		o := local.EphemeralOptions{Upstream: l.up, Obtain: l.options(), CommonName: "east"}
		change(&o)
		if _, err := local.NewEphemeral(o); err == nil || !strings.HasPrefix(err.Error(), "ephemeral CA: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("got the error %v, want one with %q", err, want)
		}
	}
	if len(l.up.requests()) > 0 {
		t.Error("the upstream was called")
	}
}

func TestFormat_DoesNotRevealTheKey(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	l.up.fails(errors.New("down"))
	for _, obtained := range []bool{false, true} {
		want := "local.Ephemeral(east, not obtained yet)"
		if obtained {
			l.up.responds(nil)
			want = "local.Ephemeral(" + ca.Describe(l.healthy(t)) + ")"
		} else if err := l.Check(t.Context()); err == nil { // the key is not certified yet
			t.Fatal("it is healthy")
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T%v"} {
			got := strings.TrimPrefix(fmt.Sprintf(verb, arguments(verb, l.Ephemeral)...), "*local.Ephemeral")
			if got != want {
				t.Errorf("%s prints %q, want %q", verb, got, want)
			}
		}
		if got := string(catest.Must(json.Marshal(struct{ CA any }{l.Ephemeral}))(t)); got != `{"CA":{}}` {
			t.Errorf("as JSON it is %s", got)
		}
	}
}

// arguments repeats a value for each verb.
func arguments(verbs string, value any) []any {
	all := make([]any, strings.Count(verbs, "%"))
	for i := range all {
		all[i] = value
	}
	return all
}
