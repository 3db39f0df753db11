package controller

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"
	certificatesv1 "k8s.io/api/certificates/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

func newManager(t *testing.T) manager.Manager {
	t.Helper()
	o := manager.Options{Scheme: runtime.NewScheme(), Metrics: server.Options{BindAddress: "0"}}
	if err := certificatesv1.AddToScheme(o.Scheme); err != nil {
		t.Fatal(err)
	}
	m, err := manager.New(&rest.Config{Host: "https://127.0.0.1:1"}, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSetup(t *testing.T) {
	valid := Options{ClusterResourceNamespace: ours, NamespacedIssuers: true, Metrics: prometheus.NewRegistry()}
	t.Run("several managers of one process have a controller each", func(t *testing.T) {
		for range 2 {
			m := newManager(t)
			if err := Setup(m, valid); err != nil {
				t.Fatal(err)
			}
			if _, _, err := m.GetScheme().ObjectKinds(&v1alpha1.TrustClusterIssuer{}); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("a scheme that has everything is not touched", func(t *testing.T) {
		scheme := runtime.NewScheme()
		if err := completeScheme(scheme); err != nil {
			t.Fatal(err)
		}
		before := len(scheme.AllKnownTypes())
		if err := completeScheme(scheme); err != nil || len(scheme.AllKnownTypes()) != before {
			t.Errorf("%v", err)
		}
	})
	for name, o := range map[string]Options{
		"options without the namespace of Secrets": {},
		"options with workers below zero":          {ClusterResourceNamespace: ours, Workers: -1},
	} {
		t.Run(name+" are refused", func(t *testing.T) {
			if err := Setup(newManager(t), o); err == nil {
				t.Error("accepted")
			}
		})
	}
	t.Run("options have defaults", func(t *testing.T) {
		o := Options{ClusterResourceNamespace: ours}
		if err := o.complete(); err != nil || o.Workers != DefaultWorkers || o.NewIssuer == nil || o.Now == nil || o.Metrics == nil {
			t.Errorf("%v, %v", o, err)
		}
	})
}

func TestSigningRequestEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newRequestEnv(t)
		foreign, mesh, shop := full("example.com/signer"), full(meshSigner), full(shopSigner)
		pass := func(c *certificatesv1.CertificateSigningRequest) bool {
			p := w.signingRequestEvents()
			created, updated := p.Create(event.CreateEvent{Object: c}), p.Update(event.UpdateEvent{ObjectOld: c, ObjectNew: c})
			if created != updated {
				t.Errorf("%s: %t when it is created, %t when it changes", c.Spec.SignerName, created, updated)
			}
			return created
		}
		if pass(foreign) || !pass(mesh) || pass(shop) {
			t.Error("not ours alone")
		}
		w.NamespacedIssuers = true
		if !pass(shop) {
			t.Error("TrustIssuers are on")
		}
		w.signingRequestEvents().Delete(event.DeleteEvent{Object: foreign})
		if w.inflight.settled.Len() != 0 {
			t.Error("what others delete is remembered")
		}
		other := &v1alpha1.TrustIssuer{ObjectMeta: metav1.ObjectMeta{Name: "x"}}
		if w.signingRequestEvents().Create(event.CreateEvent{Object: other}) {
			t.Error("another kind")
		}
	})
}

func TestNotify_EndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		changes, done := make(chan event.GenericEvent), make(chan struct{})
		go func() {
			defer close(done)
			notify(ctx, changes, v1alpha1.KindTrustIssuer, issuerKey{"shop", "mesh"})
			notify(ctx, changes, v1alpha1.KindTrustClusterIssuer, issuerKey{name: "mesh"})
		}()
		if e := <-changes; e.Object.GetNamespace() != "shop" || e.Object.GetName() != "mesh" {
			t.Errorf("notified of %v", e.Object)
		}
		synctest.Wait()
		cancel() // nobody listens
		<-done
	})
}
