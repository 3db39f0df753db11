package controller

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func full(signer string) *certificatesv1.CertificateSigningRequest {
	return &certificatesv1.CertificateSigningRequest{
		ObjectMeta: metav1.ObjectMeta{
			Name: "r", UID: "uid", ResourceVersion: "7", CreationTimestamp: metav1.NewTime(time.Unix(1, 0)),
			Labels: map[string]string{"a": "b"}, Annotations: map[string]string{"a": "b"},
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl"}},
		},
		Spec:   certificatesv1.CertificateSigningRequestSpec{SignerName: signer, Request: []byte("csr"), Username: "user"},
		Status: certificatesv1.CertificateSigningRequestStatus{Certificate: []byte("certificate")},
	}
}

func TestStrip(t *testing.T) {
	t.Run("ours keep all but their history", func(t *testing.T) {
		for _, signer := range []string{meshSigner, shopSigner} {
			want := full(signer)
			want.ManagedFields = nil
			got, err := strip(full(signer))
			if diff := cmp.Diff(any(want), got); diff != "" || err != nil {
				t.Error(err, diff)
			}
		}
	})
	t.Run("others keep what tells that they are not ours", func(t *testing.T) {
		got, err := strip(full("example.com/signer"))
		want := full("example.com/signer")
		want.ManagedFields, want.Labels, want.Annotations = nil, nil, nil
		want.Spec = certificatesv1.CertificateSigningRequestSpec{SignerName: "example.com/signer"}
		want.Status = certificatesv1.CertificateSigningRequestStatus{}
		if diff := cmp.Diff(any(want), got); diff != "" || err != nil {
			t.Error(err, diff)
		}
	})
	t.Run("other objects stay as they are", func(t *testing.T) {
		secret := &corev1.Secret{Data: map[string][]byte{"a": []byte("b")}}
		if got, err := strip(secret); got != any(secret) || err != nil {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestConfigure(t *testing.T) {
	t.Run("there is no limit of the client", func(t *testing.T) {
		config := &rest.Config{QPS: 5, RateLimiter: flowcontrol.NewFakeNeverRateLimiter()}
		config.ContentType = "application/json"
		got := Configure(config, &cache.Options{})
		if got.QPS >= 0 || got.RateLimiter != nil || got.ContentType != "" {
			t.Errorf("the configuration is %v", got)
		}
	})
	t.Run("the configuration of the host stays as it is", func(t *testing.T) {
		limiter := flowcontrol.NewFakeNeverRateLimiter()
		host := &rest.Config{Host: "https://cluster.example", QPS: 5, RateLimiter: limiter}
		host.ContentType = "application/json"
		byObject := map[client.Object]cache.ByObject{&corev1.Secret{}: {}}
		if got := Configure(host, &cache.Options{ByObject: byObject}); got == host || got.Host != host.Host {
			t.Errorf("the configuration is %v, want a copy", got)
		}
		if host.QPS != 5 || host.RateLimiter != limiter || host.ContentType != "application/json" || len(byObject) != 1 {
			t.Errorf("the configuration of the host is now %v, its cache %v", host, byObject)
		}
	})
	t.Run("other objects of the cache stay as they are", func(t *testing.T) {
		secret := &corev1.Secret{}
		o := &cache.Options{ByObject: map[client.Object]cache.ByObject{secret: {SyncPeriod: new(time.Hour)}}}
		Configure(&rest.Config{}, o)
		if len(o.ByObject) != 2 || *o.ByObject[secret].SyncPeriod != time.Hour {
			t.Errorf("the cache is %v", o.ByObject)
		}
	})
	t.Run("a transformation of requests comes first", func(t *testing.T) {
		var failure error
		first := func(o any) (any, error) {
			o.(*certificatesv1.CertificateSigningRequest).Name = "changed"
			return o, failure
		}
		o := &cache.Options{ByObject: map[client.Object]cache.ByObject{&certificatesv1.CertificateSigningRequest{}: {Transform: first}}}
		Configure(&rest.Config{}, o)
		if len(o.ByObject) != 1 {
			t.Fatalf("%d objects", len(o.ByObject))
		}
		for _, by := range o.ByObject {
			got, err := by.Transform(full("example.com/signer"))
			if c := got.(*certificatesv1.CertificateSigningRequest); err != nil || c.Name != "changed" || c.Spec.Request != nil {
				t.Errorf("got %v, %v", c, err)
			}
			failure = errors.New("no")
			if _, err := by.Transform(full("example.com/signer")); !errors.Is(err, failure) {
				t.Errorf("the error is %v", err)
			}
		}
	})
}
