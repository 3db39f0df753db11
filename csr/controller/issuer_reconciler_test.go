package controller

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/backend"
	"github.com/trustgen/trustgen/issuer/local"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

const ours = "trustgen-system"

// remoteCA is a root with a health of its own, in the place of a cfssl server.
type remoteCA struct {
	*local.Issuer
	sick   error
	checks int
}

func (c *remoteCA) Check(context.Context) error { c.checks++; return c.sick }

// issuerEnv is a reconciler for the issuers of one kind, with a cluster.
type issuerEnv struct {
	*issuerReconciler
	api     *api
	remote  *remoteCA
	h       *catest.Hierarchy
	log     *syncBuffer
	clock   time.Duration
	changes []issuerKey
}

func newIssuerEnv(t *testing.T, kind string) *issuerEnv {
	t.Helper()
	f := &issuerEnv{api: newAPI(t), h: catest.New(t), log: &syncBuffer{}}
	f.remote = &remoteCA{Issuer: catest.Must(local.New(f.h.Root, local.Options{Now: catest.Now}))(t)}
	o := Options{
		ClusterResourceNamespace: ours,
		Now:                      func() time.Time { return catest.Now().Add(f.clock) },
		Metrics:                  prometheus.NewRegistry(),
		NewIssuer: func(ctx context.Context, spec v1alpha1.IssuerSpec, o backend.Options) (*backend.Backend, error) {
			if spec.CFSSL == nil {
				return backend.New(ctx, spec, o)
			}
			return &backend.Backend{Issuer: f.remote, Obtain: issuer.ObtainOptions{Backend: o.Name, Roots: f.roots(), Now: o.Now}}, nil
		},
	}
	if err := o.complete(); err != nil {
		t.Fatal(err)
	}
	f.issuerReconciler = &issuerReconciler{
		Options:    o,
		kind:       kind,
		client:     f.api,
		reader:     f.api,
		registry:   newRegistry(),
		candidates: newRegistry(),
		watcher:    newWatcher(f.api, nil),
		metrics:    catest.Must(newIssuerMetrics(o.Metrics))(t),
		changed:    func(_ context.Context, key issuerKey) { f.changes = append(f.changes, key) },
	}
	f.leading.Store(true)
	return f
}

func (f *issuerEnv) roots() []*x509.Certificate { return []*x509.Certificate{f.h.Root.Certificate()} }

func (f *issuerEnv) anchors() v1alpha1.CertificateSource {
	return v1alpha1.CertificateSource{PEM: string(ca.MarshalCertificates(f.roots()...))}
}

// reconcile reconciles one object.
func (f *issuerEnv) reconcile(t *testing.T, key issuerKey) time.Duration {
	t.Helper()
	ctx := log.IntoContext(t.Context(), logr.FromSlogHandler(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug - 4})))
	result, err := f.Reconcile(ctx, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: key.namespace, Name: key.name}})
	if err != nil {
		t.Errorf("reconcile %s: %v", key, err)
	}
	return result.RequeueAfter
}

// create makes the issuer mesh of the kind.
func (f *issuerEnv) create(t *testing.T, namespace, name string, spec v1alpha1.IssuerSpec) issuerKey {
	t.Helper()
	if spec.TrustAnchors == (v1alpha1.CertificateSource{}) {
		spec.TrustAnchors = f.anchors()
	}
	o := newIssuerObject(f.kind)
	o.SetNamespace(namespace)
	o.SetName(name)
	o.SetGeneration(1)
	*o.spec = spec
	if err := f.api.Create(t.Context(), o.Object); err != nil {
		t.Fatal(err)
	}
	return issuerKey{namespace, name}
}

func (f *issuerEnv) stored(t *testing.T, key issuerKey) issuerObject {
	t.Helper()
	return catest.Must(readIssuer(t.Context(), f.api, f.kind, types.NamespacedName{Namespace: key.namespace, Name: key.name}))(t)
}

// change changes the specification of an issuer.
func (f *issuerEnv) change(t *testing.T, key issuerKey, change func(*v1alpha1.IssuerSpec)) {
	t.Helper()
	o := f.stored(t, key)
	change(o.spec)
	o.SetGeneration(o.GetGeneration() + 1)
	if err := f.api.Update(t.Context(), o.Object); err != nil {
		t.Fatal(err)
	}
}

// wants compares the condition Ready.
func (f *issuerEnv) wants(t *testing.T, key issuerKey, status metav1.ConditionStatus, reason string, parts ...string) {
	t.Helper()
	o := f.stored(t, key)
	ready := meta.FindStatusCondition(o.status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Status != status || ready.Reason != reason || ready.ObservedGeneration != o.GetGeneration() {
		t.Fatalf("the condition is %v, want %s %s of generation %d", ready, status, reason, o.GetGeneration())
	}
	contains(t, "the condition", ready.Message, parts...)
	want := map[metav1.ConditionStatus]float64{metav1.ConditionTrue: 1}[status]
	if got := metric(t, f.Metrics, "trustgen_issuer_ready", key.signerName()); got != want {
		t.Errorf("the metric is %v, want %v", got, want)
	}
}

// caSecret is a Secret with a CA, as istiod has it.
func caSecret(t *testing.T, namespace, name string, key crypto.Signer, chain []*x509.Certificate) *corev1.Secret {
	t.Helper()
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Data: map[string][]byte{
			"ca-cert.pem":    ca.MarshalCertificates(chain[0]),
			"ca-key.pem":     keyPEM(t, key),
			"cert-chain.pem": ca.MarshalCertificates(chain...),
			"root-cert.pem":  ca.MarshalCertificates(chain[len(chain)-1]),
		},
	}
}

func keyPEM(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	der := catest.Must(x509.MarshalPKCS8PrivateKey(key))(t)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func (f *issuerEnv) put(t *testing.T, o client.Object) {
	t.Helper()
	if err := f.api.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

func caSpec() v1alpha1.IssuerSpec {
	return v1alpha1.IssuerSpec{Backend: v1alpha1.Backend{CA: &v1alpha1.CABackend{SecretName: "cacerts"}}, Policy: meshPolicy()}
}

func remoteSpec() v1alpha1.IssuerSpec {
	return v1alpha1.IssuerSpec{Backend: v1alpha1.Backend{CFSSL: &v1alpha1.CFSSLBackend{Profile: "spiffe"}}, Policy: meshPolicy()}
}

// newCAIssuerEnv has an issuer that signs with a key from a Secret.
func newCAIssuerEnv(t *testing.T) (*issuerEnv, issuerKey) {
	t.Helper()
	f := newIssuerEnv(t, v1alpha1.KindTrustClusterIssuer)
	f.put(t, caSecret(t, ours, "cacerts", f.h.IntermediateKey, f.h.Chain()))
	key := f.create(t, "", "mesh", caSpec())
	return f, key
}

func TestRefresh_ActivatesAValidIssuer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, key := newCAIssuerEnv(t)
		if again := f.reconcile(t, key); again < checkInterval || again > checkInterval*12/10 {
			t.Errorf("requeued after %s", again)
		}
		f.wants(t, key, metav1.ConditionTrue, v1alpha1.ReasonReady, "signs")
		s := f.registry.load(key)
		if s == nil || !s.certificate().Equal(f.h.Intermediate.Certificate()) {
			t.Fatal("it is not active")
		}
		status := f.stored(t, key).status
		if status.CA == nil || !status.CA.NotAfter.Time.Equal(s.certificate().NotAfter) || len(status.CA.Fingerprint) != 64 {
			t.Errorf("the CA is %v", status.CA)
		}
		if !status.Conditions[0].LastTransitionTime.Time.Equal(catest.Now()) {
			t.Errorf("the transition was at %s", status.Conditions[0].LastTransitionTime)
		}
		if len(f.watcher.watches) != 1 || !f.watcher.watches[objectRef{kindSecret, ours, "cacerts"}].users[key] {
			t.Errorf("it watches %v", f.watcher.watches)
		}
		writes := f.api.count("status")
		f.clock = time.Hour
		f.reconcile(t, key)
		if f.registry.load(key) != s || f.api.count("status") != writes {
			t.Error("what has not changed was replaced, or written again")
		}
		if got := f.stored(t, key).spec.Policy.SystemNamespaces; len(got) != 0 {
			t.Errorf("the specification was changed: %v", got)
		}
	})
}

func TestRefresh_InvalidChangeKeepsTheActiveIssuer(t *testing.T) {
	tests := []struct {
		name   string
		change func(*v1alpha1.IssuerSpec)
		says   []string
	}{
		{"in the name of its Secret", func(s *v1alpha1.IssuerSpec) { s.CA.SecretName = "other" }, []string{`Secret "other" in trustgen-system`, "not found"}},
		{"in its policy", func(s *v1alpha1.IssuerSpec) { s.Policy.Rules[0].Name = "" }, []string{"policy", "rules[0].name"}},
		{"in its trust anchors", func(s *v1alpha1.IssuerSpec) { s.TrustAnchors.PEM = "no PEM" }, []string{"trustAnchors"}},
		{"in its trust anchors, that its CA does not lead to", func(s *v1alpha1.IssuerSpec) {
			other := catest.Must(ca.NewRoot(ca.RootOptions{Key: catest.Key("other"), Organization: "other", Now: catest.Now}))(t)
			s.TrustAnchors.PEM = string(ca.MarshalCertificates(other.Certificate()))
		}, []string{"secretName"}},
		{"in everything at once", func(s *v1alpha1.IssuerSpec) { s.CA = nil; s.Policy.TrustDomains = nil }, []string{"policy: ", "exactly one"}},
	}
	for _, test := range tests {
		bubble(t, test.name, func(t *testing.T) {
			f, key := newCAIssuerEnv(t)
			f.reconcile(t, key)
			active := f.registry.load(key)
			f.change(t, key, test.change)
			f.clock = time.Minute
			if again := f.reconcile(t, key); again < retryInterval || again > retryInterval*12/10 {
				t.Errorf("requeued after %s", again)
			}
			f.wants(t, key, metav1.ConditionFalse, v1alpha1.ReasonInvalid, test.says...)
			if f.registry.load(key) != active {
				t.Error("the valid one is not active any more")
			}
			o := f.stored(t, key)
			if o.status.CA == nil || !o.status.Conditions[0].LastTransitionTime.Time.Equal(catest.Now().Add(time.Minute)) {
				t.Errorf("the status is %v", o.status)
			}
			f.change(t, key, func(s *v1alpha1.IssuerSpec) { *s = caSpec(); s.TrustAnchors = f.anchors() })
			f.reconcile(t, key)
			f.wants(t, key, metav1.ConditionTrue, v1alpha1.ReasonReady)
		})
	}
}

func TestRefresh_CAIsDownAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newIssuerEnv(t, v1alpha1.KindTrustClusterIssuer)
		key := f.create(t, "", "mesh", remoteSpec())
		f.remote.sick = errors.New("connection refused")
		f.reconcile(t, key)
		f.wants(t, key, metav1.ConditionFalse, v1alpha1.ReasonNotHealthy, "connection refused")
		if f.registry.load(key) != nil || f.stored(t, key).status.CA != nil {
			t.Error("it is active")
		}
		candidate := f.candidates.load(key)
		f.remote.sick = nil
		f.reconcile(t, key)
		f.wants(t, key, metav1.ConditionTrue, v1alpha1.ReasonReady)
		if f.registry.load(key) != candidate || f.candidates.load(key) != nil {
			t.Error("it was built again")
		}
		f.remote.sick = errors.New("connection refused")
		f.reconcile(t, key)
		f.wants(t, key, metav1.ConditionFalse, v1alpha1.ReasonNotHealthy)
		if f.registry.load(key) != candidate {
			t.Error("an outage has deactivated it")
		}
		contains(t, "the log", f.log.String(), "not ready", "connection refused")
		f.remote.sick = errors.New(strings.Repeat("é", maxMessage))
		f.reconcile(t, key)
		if text := f.stored(t, key).status.Conditions[0].Message; len(text) > maxMessage || strings.ToValidUTF8(text, "") != text {
			t.Errorf("%d bytes of message", len(text))
		}
	})
}

func TestRefresh_ChangedSecretReplacesTheIssuer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, key := newCAIssuerEnv(t)
		f.reconcile(t, key)
		before := f.registry.load(key)
		renewed := f.h.Below(t, f.h.Root, catest.Key("renewed"), ca.IntermediateOptions{})
		secret := caSecret(t, ours, "cacerts", catest.Key("renewed"), renewed.Chain())
		secret.ResourceVersion = ""
		if err := f.api.Update(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
		f.reconcile(t, key)
		f.wants(t, key, metav1.ConditionTrue, v1alpha1.ReasonReady)
		if after := f.registry.load(key); after.fingerprint == before.fingerprint || !after.certificate().Equal(renewed.Certificate()) {
			t.Error("the old one is active")
		}
		if got := metric(t, f.Metrics, "trustgen_issuer_ca_not_after_timestamp_seconds", key.signerName()); got != float64(renewed.Certificate().NotAfter.Unix()) {
			t.Errorf("the metric is %v", got)
		}
	})
}

// newEphemeralEnv has an ephemeral issuer and its upstream.
func newEphemeralEnv(t *testing.T) (*issuerEnv, issuerKey, issuerKey) {
	t.Helper()
	f := newIssuerEnv(t, v1alpha1.KindTrustClusterIssuer)
	spec := remoteSpec()
	spec.AllowIntermediates = []v1alpha1.IssuerUser{{Name: "mesh"}}
	upstream := f.create(t, "", "corporate", spec)
	key := f.create(t, "", "mesh", v1alpha1.IssuerSpec{
		Backend: v1alpha1.Backend{Ephemeral: &v1alpha1.EphemeralBackend{IssuerRef: v1alpha1.IssuerReference{Name: "corporate"}, CommonName: "east"}},
		Policy:  meshPolicy(),
	})
	return f, key, upstream
}

func TestRefresh_EphemeralIssuer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, key, upstream := newEphemeralEnv(t)
		f.reconcile(t, key)
		f.wants(t, key, metav1.ConditionFalse, v1alpha1.ReasonNotHealthy, "corporate is not ready")
		f.reconcile(t, upstream)
		f.reconcile(t, key)
		f.wants(t, key, metav1.ConditionTrue, v1alpha1.ReasonReady)
		born := f.registry.load(key)
		cert := born.certificate()

		for range 3 {
			f.reconcile(t, key)
		}
		if f.registry.load(key) != born || !born.certificate().Equal(cert) {
			t.Fatal("it has another key")
		}

		f.change(t, upstream, func(s *v1alpha1.IssuerSpec) { s.AllowIntermediates = nil })
		f.reconcile(t, upstream)
		f.change(t, key, func(s *v1alpha1.IssuerSpec) { s.Ephemeral.CommonName = "west" })
		f.reconcile(t, key)
		f.wants(t, key, metav1.ConditionFalse, v1alpha1.ReasonNotHealthy, "allowIntermediates")
		if f.registry.load(key) != born {
			t.Fatal("the old one is gone before the new one is ready")
		}
		f.change(t, upstream, func(s *v1alpha1.IssuerSpec) { s.AllowIntermediates = []v1alpha1.IssuerUser{{Name: "mesh"}} })
		f.reconcile(t, upstream)
		f.reconcile(t, key)
		f.wants(t, key, metav1.ConditionTrue, v1alpha1.ReasonReady)
		if next := f.registry.load(key); next == born || !strings.HasPrefix(next.certificate().Subject.CommonName, "west ") {
			t.Errorf("it is still %s", f.registry.load(key).certificate().Subject)
		}
	})
}

func TestRefresh_ReportsAFailedRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, key, upstream := newEphemeralEnv(t)
		f.reconcile(t, upstream)
		f.reconcile(t, key)
		f.registry.remove(upstream)
		f.clock = 18 * time.Hour
		f.reconcile(t, key)
		f.wants(t, key, metav1.ConditionTrue, v1alpha1.ReasonReady, "signs with the last CA", "corporate is not ready")
	})
}

func TestForget_DeletedIssuer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, key := newCAIssuerEnv(t)
		f.reconcile(t, key)
		before := f.registry.load(key)
		if err := f.api.Delete(t.Context(), f.stored(t, key).Object); err != nil {
			t.Fatal(err)
		}
		if again := f.reconcile(t, key); again != 0 {
			t.Errorf("requeued after %s", again)
		}
		if f.registry.load(key) != nil || len(f.watcher.watches) != 0 || metric(t, f.Metrics, "trustgen_issuer_ready") != 0 {
			t.Error("something is left of it")
		}
		f.create(t, "", "mesh", caSpec())
		f.reconcile(t, key)
		f.wants(t, key, metav1.ConditionTrue, v1alpha1.ReasonReady)
		if s := f.registry.load(key); s == nil || s == before {
			t.Error("the new one of its name does not serve")
		}
	})
}

func TestForget_IssuerThatIsBeingDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, key := newCAIssuerEnv(t)
		f.reconcile(t, key)
		o := f.stored(t, key)
		o.SetFinalizers([]string{"example.com/held"})
		if err := errors.Join(f.api.Update(t.Context(), o.Object), f.api.Delete(t.Context(), o.Object)); err != nil {
			t.Fatal(err)
		}
		f.reconcile(t, key)
		if f.registry.load(key) != nil {
			t.Error("it is active")
		}
	})
}

func TestReport_OnlyByTheLeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, key := newCAIssuerEnv(t)
		f.leading.Store(false)
		f.reconcile(t, key)
		if f.registry.load(key) == nil {
			t.Error("it is not ready")
		}
		if f.api.count("status") != 0 {
			t.Error("it wrote the status")
		}
		if err := f.lead(t.Context()); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{key.signerName()}, []string{f.changes[0].signerName()}); diff != "" || len(f.changes) != 1 {
			t.Error(diff)
		}
		f.reconcile(t, key)
		f.wants(t, key, metav1.ConditionTrue, v1alpha1.ReasonReady)
	})
}

func TestReport_Fails(t *testing.T) {
	resource := schema.GroupResource{Group: v1alpha1.Group, Resource: "trustclusterissuers"}
	tests := []struct {
		name  string
		err   error
		again time.Duration
	}{
		{"since somebody else wrote", apierrors.NewConflict(resource, "mesh", errors.New("conflict")), conflictInterval},
		{"since the issuer is gone", apierrors.NewNotFound(resource, "mesh"), checkInterval},
	}
	for _, test := range tests {
		bubble(t, test.name, func(t *testing.T) {
			f, key := newCAIssuerEnv(t)
			f.api.failing("status", test.err)
			if again := f.reconcile(t, key); again < test.again || again > test.again*12/10 {
				t.Errorf("requeued after %s", again)
			}
			if f.registry.load(key) == nil {
				t.Error("it is not active")
			}
		})
	}
	bubble(t, "since the API server is away", func(t *testing.T) {
		f, key := newCAIssuerEnv(t)
		f.api.failing("status", errors.New("away"))
		if _, err := f.Reconcile(t.Context(), reconcile.Request{NamespacedName: types.NamespacedName{Name: key.name}}); err == nil {
			t.Error("no error")
		}
	})
}

func TestRefresh_TrustIssuer(t *testing.T) {
	own := meshPolicy()
	own.Rules = own.Rules[:1]
	spec := caSpec()
	spec.Policy = own
	bubble(t, "has its Secret in its own namespace", func(t *testing.T) {
		f := newIssuerEnv(t, v1alpha1.KindTrustIssuer)
		f.put(t, caSecret(t, "shop", "cacerts", f.h.IntermediateKey, f.h.Chain()))
		key := f.create(t, "shop", "mesh", spec)
		f.reconcile(t, key)
		f.wants(t, key, metav1.ConditionTrue, v1alpha1.ReasonReady)
	})
	bubble(t, "has no Secret of a cluster issuer", func(t *testing.T) {
		f := newIssuerEnv(t, v1alpha1.KindTrustIssuer)
		f.put(t, caSecret(t, ours, "cacerts", f.h.IntermediateKey, f.h.Chain()))
		key := f.create(t, "shop", "mesh", spec)
		f.reconcile(t, key)
		f.wants(t, key, metav1.ConditionFalse, v1alpha1.ReasonInvalid, `Secret "cacerts" in shop`)
	})
	bubble(t, "has no policy beyond its namespace", func(t *testing.T) {
		f := newIssuerEnv(t, v1alpha1.KindTrustIssuer)
		f.put(t, caSecret(t, "shop", "cacerts", f.h.IntermediateKey, f.h.Chain()))
		key := f.create(t, "shop", "mesh", caSpec())
		f.reconcile(t, key)
		f.wants(t, key, metav1.ConditionFalse, v1alpha1.ReasonInvalid, "rules[1].identities")
		if f.registry.load(key) != nil {
			t.Error("it is active")
		}
	})
}

// TestRefresh_PrintsNoSecret checks that log and status contain no part of a Secret.
func TestRefresh_PrintsNoSecret(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(map[string][]byte)
	}{
		{"a valid one", func(map[string][]byte) {}},
		{"a key of another CA", func(d map[string][]byte) { d["ca-key.pem"] = keyPEM(t, catest.Key("x")) }},
		{"a key that is cut", func(d map[string][]byte) { d["ca-key.pem"] = d["ca-key.pem"][:100] }},
		{"a key without its frame", func(d map[string][]byte) { d["ca-key.pem"] = d["ca-key.pem"][28:120] }},
		{"a key in the place of the certificate", func(d map[string][]byte) { d["ca-cert.pem"] = d["ca-key.pem"] }},
		{"a key in the place of the roots", func(d map[string][]byte) { d["root-cert.pem"] = d["ca-key.pem"] }},
	}
	for _, test := range tests {
		bubble(t, test.name, func(t *testing.T) {
			f := newIssuerEnv(t, v1alpha1.KindTrustClusterIssuer)
			secret := caSecret(t, ours, "cacerts", f.h.IntermediateKey, f.h.Chain())
			test.spoil(secret.Data)
			f.put(t, secret)
			key := f.create(t, "", "mesh", caSpec())
			f.reconcile(t, key)
			o := f.stored(t, key)
			text := f.log.String() + o.status.Conditions[0].Message
			body := strings.Split(string(secret.Data["ca-key.pem"]), "\n")
			for _, line := range body {
				if len(line) > 16 && !strings.HasPrefix(line, "-----") && strings.Contains(text, line[:16]) {
					t.Errorf("a part of the key is printed: %s", text)
				}
			}
			if test.name != "a valid one" && (text == "" || o.status.Conditions[0].Status != metav1.ConditionFalse) {
				t.Errorf("it is ready: %s", text)
			}
		})
	}
}
