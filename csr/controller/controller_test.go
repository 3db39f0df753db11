package controller

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	authorizationv1 "k8s.io/api/authorization/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/backend"
	"github.com/trustgen/trustgen/issuer/local"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

const (
	meshSigner = v1alpha1.ClusterSignerDomain + "/mesh"
	shopSigner = v1alpha1.NamespacedSignerDomain + "/shop.mesh"
)

// api is the fake client as an API server. It counts calls, and can be made to fail.
type api struct {
	client.WithWatch
	mu     sync.Mutex
	counts map[string]int
	// fault, if there is one, is called before each of "create", "get", "list", "patch",
	// "approval" and "status".
	fault func(verb string, o client.Object) error
	// cached is what a stale cache returns instead.
	cached *certificatesv1.CertificateSigningRequest
	// review decides about a SubjectAccessReview; nil denies.
	review func(authorizationv1.SubjectAccessReviewSpec) authorizationv1.SubjectAccessReviewStatus
}

func newAPI(t *testing.T, objects ...client.Object) *api {
	t.Helper()
	a := &api{counts: make(map[string]int)}
	scheme := runtime.NewScheme()
	if err := completeScheme(scheme); err != nil {
		t.Fatal(err)
	}
	server := fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).
		WithStatusSubresource(&certificatesv1.CertificateSigningRequest{}, &v1alpha1.TrustClusterIssuer{}, &v1alpha1.TrustIssuer{}).Build()
	a.WithWatch = interceptor.NewClient(server, interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.CreateOption) error {
			review, ok := o.(*authorizationv1.SubjectAccessReview)
			if !ok {
				return c.Create(ctx, o, options...)
			}
			if err := a.called("create", o); err != nil {
				return err
			}
			if a.review != nil {
				review.Status = a.review(review.Spec)
			}
			return nil
		},
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, options ...client.GetOption) error {
			if err := a.called("get", o); err != nil {
				return err
			}
			if request, ok := o.(*certificatesv1.CertificateSigningRequest); ok && a.cached != nil && a.cached.Name == key.Name {
				a.cached.DeepCopyInto(request)
				return nil
			}
			return c.Get(ctx, key, o, options...)
		},
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, patch client.Patch, options ...client.PatchOption) error {
			if err := a.called("patch", o); err != nil {
				return err
			}
			return c.Patch(ctx, o, patch, options...)
		},
		SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object, options ...client.SubResourceUpdateOption) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := a.called(sub, o); err != nil {
				return err
			}
			return c.SubResource(sub).Update(ctx, o, options...)
		},
	})
	return a
}

func (a *api) called(verb string, o client.Object) error {
	a.mu.Lock()
	a.counts[verb]++
	fault := a.fault
	a.mu.Unlock()
	if fault == nil {
		return nil
	}
	return fault(verb, o)
}

// count is the number of calls of a verb.
func (a *api) count(verb string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.counts[verb]
}

func (a *api) failing(verb string, err error) func() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fault = func(v string, _ client.Object) error {
		if v == verb {
			return err
		}
		return nil
	}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.fault = nil
	}
}

// fakeCA signs like a real one, unless a test changes that.
type fakeCA struct {
	*local.Issuer
	calls atomic.Int32
	// before, if there is one, runs before each call; its error is returned.
	before func(ctx context.Context) error
	// instead, if there is one, changes the result.
	instead func(*issuer.Chain) *issuer.Chain
}

func (c *fakeCA) Issue(ctx context.Context, r issuer.Request) (*issuer.Chain, error) {
	c.calls.Add(1)
	if c.before != nil {
		if err := c.before(ctx); err != nil {
			return nil, err
		}
	}
	chain, err := c.Issuer.Issue(ctx, r)
	if err == nil && c.instead != nil {
		chain = c.instead(chain)
	}
	return chain, err
}

// recorder keeps events.
type recorder struct {
	mu   sync.Mutex
	said []string
}

func (r *recorder) Eventf(_, _ runtime.Object, kind, reason, action, note string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, fmt.Sprintf(kind+" "+reason+" "+action+" "+note, args...))
}

func (r *recorder) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.said)
}

// syncBuffer is a log.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// requestEnv is a cluster with the active issuer mesh.
type requestEnv struct {
	*requestReconciler
	api    *api
	ca     *fakeCA
	events *recorder
	log    *syncBuffer
	h      *catest.Hierarchy
	begin  time.Time
}

func newRequestEnv(t *testing.T) *requestEnv {
	t.Helper()
	w := &requestEnv{api: newAPI(t), events: &recorder{}, log: &syncBuffer{}, h: catest.New(t), begin: time.Now()}
	w.ca = &fakeCA{Issuer: catest.Must(local.New(w.h.Intermediate, local.Options{Now: catest.Now}))(t)}
	w.restart(t)
	w.serve(t, &activeIssuer{key: issuerKey{name: "mesh"}})
	return w
}

// restart replaces the process; the cluster stays.
func (w *requestEnv) restart(t *testing.T) {
	t.Helper()
	var known *registry
	if w.requestReconciler != nil {
		known = w.registry
	} else {
		known = newRegistry()
	}
	o := Options{ClusterResourceNamespace: "trustgen-system", Now: w.now, Metrics: prometheus.NewRegistry()}
	if err := o.complete(); err != nil {
		t.Fatal(err)
	}
	w.requestReconciler = &requestReconciler{
		Options:  o,
		read:     signingRequests{w.api, o.Now}.read,
		registry: known,
		signer:   newSigner(access{w.api}, o.Now),
		inflight: newInflight(),
		events:   w.events,
		metrics:  catest.Must(newRequestMetrics(o.Metrics))(t),
	}
}

// now advances with the clock of a bubble.
func (w *requestEnv) now() time.Time { return catest.Now().Add(time.Since(w.begin)) }

// serve completes an issuer and lets it sign.
func (w *requestEnv) serve(t *testing.T, s *activeIssuer) {
	t.Helper()
	if s.policy == nil {
		s.policy = catest.Must(csr.NewPolicy(meshPolicy()))(t)
	}
	if s.backend == nil {
		s.backend = &backend.Backend{Issuer: w.ca, Obtain: issuer.ObtainOptions{
			Backend: "mesh", Roots: []*x509.Certificate{w.h.Root.Certificate()}, Now: catest.Now,
		}}
	}
	s.fingerprint = cmp.Or(s.fingerprint, "1")
	w.registry.store(s)
}

func meshPolicy() v1alpha1.Policy {
	return v1alpha1.Policy{
		TrustDomains: []string{catest.Organization},
		Rules: []v1alpha1.PolicyRule{
			{Name: "own", Identities: v1alpha1.OwnIdentity, Namespaces: []string{"shop"}, ServiceAccounts: []string{"*"}},
			{
				Name: "istiod", Identities: v1alpha1.AnyIdentity, Namespaces: []string{"*"}, ServiceAccounts: []string{"*"},
				Requesters: []v1alpha1.ServiceAccount{{Namespace: "istio-system", Name: "istiod"}},
			},
		},
	}
}

func (w *requestEnv) context(t *testing.T) context.Context {
	t.Helper()
	return log.IntoContext(t.Context(), logr.FromSlogHandler(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug - 4})))
}

// create creates a request of the workload cart, which is approved unless it is changed.
func (w *requestEnv) create(t *testing.T, name string, change ...func(*certificatesv1.CertificateSigningRequest)) {
	t.Helper()
	c := &certificatesv1.CertificateSigningRequest{
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID("uid-" + name), CreationTimestamp: metav1.NewTime(w.now())},
		Spec: certificatesv1.CertificateSigningRequestSpec{
			SignerName: meshSigner,
			Request:    csrFor(t, catest.LeafID),
			Usages:     []certificatesv1.KeyUsage{"digital signature", "server auth", "client auth"},
			Username:   "system:serviceaccount:shop:cart",
			Groups:     []string{"system:serviceaccounts", "system:serviceaccounts:shop"},
		},
		Status: certificatesv1.CertificateSigningRequestStatus{Conditions: []certificatesv1.CertificateSigningRequestCondition{
			{Type: certificatesv1.CertificateApproved, Status: corev1.ConditionTrue, Reason: "ByTest"},
		}},
	}
	for _, f := range change {
		f(c)
	}
	if err := w.api.Create(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

func csrFor(t *testing.T, id string) []byte {
	t.Helper()
	template := &x509.CertificateRequest{URIs: []*url.URL{catest.Must(url.Parse(id))(t)}}
	der := catest.Must(x509.CreateCertificateRequest(nil, template, catest.Key("workload")))(t)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

func condition(types ...certificatesv1.RequestConditionType) func(*certificatesv1.CertificateSigningRequest) {
	return func(c *certificatesv1.CertificateSigningRequest) {
		c.Status.Conditions = nil
		for _, of := range types {
			c.Status.Conditions = append(c.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{Type: of, Status: corev1.ConditionTrue})
		}
	}
}

func signedBy(signer string) func(*certificatesv1.CertificateSigningRequest) {
	return func(c *certificatesv1.CertificateSigningRequest) { c.Spec.SignerName = signer }
}

// reconcile reconciles one object.
func (w *requestEnv) reconcile(t *testing.T, name string) time.Duration {
	t.Helper()
	return w.reconcileIn(w.context(t), t, name)
}

func (w *requestEnv) reconcileIn(ctx context.Context, t *testing.T, name string) time.Duration {
	t.Helper()
	result, err := w.Reconcile(ctx, reconcile.Request{NamespacedName: types.NamespacedName{Name: name}})
	if err != nil {
		t.Errorf("reconcile %s: %v", name, err)
	}
	return result.RequeueAfter
}

// stored is a request as it is on the server.
func (w *requestEnv) stored(t *testing.T, name string) *certificatesv1.CertificateSigningRequest {
	t.Helper()
	c := &certificatesv1.CertificateSigningRequest{}
	cached := w.api.cached
	w.api.cached = nil
	defer func() { w.api.cached = cached }()
	if err := w.api.Get(t.Context(), types.NamespacedName{Name: name}, c); err != nil {
		t.Fatal(err)
	}
	return c
}

// chain is the certificate of a request.
func (w *requestEnv) chain(t *testing.T, name string) []*x509.Certificate {
	t.Helper()
	return catest.Must(ca.ParseCertificates(w.stored(t, name).Status.Certificate))(t)
}

// failure is the condition Failed of a request.
func (w *requestEnv) failure(t *testing.T, name string) *certificatesv1.CertificateSigningRequestCondition {
	t.Helper()
	return conditionOf(w.stored(t, name), certificatesv1.CertificateFailed)
}

func conditionOf(c *certificatesv1.CertificateSigningRequest, of certificatesv1.RequestConditionType) *certificatesv1.CertificateSigningRequestCondition {
	for i := range c.Status.Conditions {
		if c.Status.Conditions[i].Type == of {
			return &c.Status.Conditions[i]
		}
	}
	return nil
}

// remove deletes a request, as istiod does, and sends the event.
func (w *requestEnv) remove(t *testing.T, name string) {
	t.Helper()
	c := w.stored(t, name)
	if err := w.api.Delete(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	w.signingRequestEvents().Delete(event.DeleteEvent{Object: c})
}

// wants compares the numbers of calls and writes.
func (w *requestEnv) wants(t *testing.T, calls int32, writes int) {
	t.Helper()
	if got := w.ca.calls.Load(); got != calls {
		t.Errorf("the CA was called %d times, want %d", got, calls)
	}
	if got := w.api.count("status"); got != writes {
		t.Errorf("the status was written %d times, want %d", got, writes)
	}
	if got := w.api.count("approval"); got != 0 {
		t.Errorf("the approval was written %d times", got)
	}
}

// wantsNothingOpen checks for leaks.
func (w *requestEnv) wantsNothingOpen(t *testing.T) {
	t.Helper()
	if n := len(w.inflight.open); n != 0 {
		t.Errorf("%d requests are still open", n)
	}
	if n := len(w.signer.dedupe.open); n != 0 {
		t.Errorf("%d calls are still open", n)
	}
}

// bubble runs a subtest in a bubble of package synctest: no timeout depends on the machine.
func bubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

// pass advances the clock of a bubble.
func pass(d time.Duration) { <-time.After(d) }

func contains(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s is %q, want %q in it", what, text, part)
		}
	}
}
