package controller

import (
	"bytes"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/backend"
	"github.com/trustgen/trustgen/issuer/local"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

func object(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: ours, Name: name} }

func TestFingerprint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fingerprint := func(t *testing.T, secret map[string][]byte, config map[string]string, spec v1alpha1.IssuerSpec) string {
			t.Helper()
			a := newAPI(t, &corev1.Secret{ObjectMeta: object("s"), Data: secret}, &corev1.ConfigMap{ObjectMeta: object("c"), Data: config})
			s := &refs{reader: a, namespace: ours, read: make(map[objectRef]string)}
			got, err := s.Secret(t.Context(), "s")
			if err != nil || !maps.EqualFunc(got, secret, bytes.Equal) {
				t.Errorf("%v, %v", got, err)
			}
			if _, err := s.ConfigMap(t.Context(), "c"); err != nil {
				t.Error(err)
			}
			return catest.Must(s.fingerprint(&spec))(t)
		}
		secret, config := map[string][]byte{"a": []byte("1"), "b": []byte("2")}, map[string]string{"a": "1"}
		first := fingerprint(t, secret, config, caSpec())
		if again := fingerprint(t, maps.Clone(secret), maps.Clone(config), caSpec()); again != first {
			t.Error("not the same twice")
		}
		for name, other := range map[string]string{
			"the value of a Secret":    fingerprint(t, map[string][]byte{"a": []byte("1"), "b": []byte("3")}, config, caSpec()),
			"the key of a Secret":      fingerprint(t, map[string][]byte{"a": []byte("1"), "c": []byte("2")}, config, caSpec()),
			"the value of a ConfigMap": fingerprint(t, secret, map[string]string{"a": "2"}, caSpec()),
			"the specification":        fingerprint(t, secret, config, remoteSpec()),
		} {
			if other == first {
				t.Errorf("%s makes no difference", name)
			}
		}
	})
}

func TestRefs_RecordMissingObjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &refs{reader: newAPI(t), namespace: ours, read: make(map[objectRef]string)}
		if _, err := s.Secret(t.Context(), "s"); err == nil {
			t.Error("found")
		} else {
			contains(t, "the error", err.Error(), `the Secret "s" in trustgen-system`)
		}
		if _, err := s.ConfigMap(t.Context(), "c"); err == nil {
			t.Error("found")
		}
		want := []objectRef{{kindConfigMap, ours, "c"}, {kindSecret, ours, "s"}}
		if got := s.all(); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestRefs_Upstream(t *testing.T) {
	h := catest.New(t)
	root := catest.Must(local.New(h.Root, local.Options{Now: catest.Now}))(t)
	known := newRegistry()
	serve := func(key issuerKey, i issuer.Issuer, users ...v1alpha1.IssuerUser) {
		known.store(&activeIssuer{key: key, backend: &backend.Backend{Issuer: i}, users: users})
	}
	cluster := v1alpha1.IssuerUser{Name: "user"}
	namespaced := v1alpha1.IssuerUser{Kind: v1alpha1.KindTrustIssuer, Namespace: "shop", Name: "user"}
	serve(issuerKey{name: "open"}, issuer.Limit(root, issuer.LimitOptions{Concurrency: 1}), cluster, namespaced)
	serve(issuerKey{name: "closed"}, root)
	serve(issuerKey{name: "leaves"}, struct{ issuer.Issuer }{root}, cluster)
	serve(issuerKey{"shop", "own"}, root, namespaced)
	serve(issuerKey{"bank", "own"}, root, namespaced, cluster)

	const trust = v1alpha1.KindTrustIssuer
	tests := []struct {
		name string
		user issuerKey
		ref  v1alpha1.IssuerReference
		says string // "": it signs
	}{
		{"a cluster issuer by a cluster issuer", issuerKey{name: "user"}, v1alpha1.IssuerReference{Name: "open"}, ""},
		{"a cluster issuer by its kind", issuerKey{name: "user"}, v1alpha1.IssuerReference{Kind: v1alpha1.KindTrustClusterIssuer, Name: "open"}, ""},
		{"a cluster issuer by an issuer that it names", issuerKey{"shop", "user"}, v1alpha1.IssuerReference{Name: "open"}, ""},
		{"an issuer by one of its namespace", issuerKey{"shop", "user"}, v1alpha1.IssuerReference{Kind: trust, Name: "own"}, ""},
		{"a cluster issuer by one of another namespace", issuerKey{"bank", "user"}, v1alpha1.IssuerReference{Name: "open"}, "allowIntermediates"},
		{"an issuer of another namespace", issuerKey{"bank", "user"}, v1alpha1.IssuerReference{Kind: trust, Name: "own"}, "allowIntermediates"},
		{"one that allows nobody", issuerKey{name: "user"}, v1alpha1.IssuerReference{Name: "closed"}, "allowIntermediates"},
		{"one that signs leaves only", issuerKey{name: "user"}, v1alpha1.IssuerReference{Name: "leaves"}, "issues no intermediates"},
		{"one that is not there", issuerKey{name: "user"}, v1alpha1.IssuerReference{Name: "absent"}, "not ready"},
		{"itself", issuerKey{name: "open"}, v1alpha1.IssuerReference{Name: "open"}, "its own upstream"},
		{"an issuer, by a cluster issuer", issuerKey{name: "user"}, v1alpha1.IssuerReference{Kind: trust, Name: "own"}, "cannot have its intermediate"},
		{"one of an unknown kind", issuerKey{name: "user"}, v1alpha1.IssuerReference{Kind: "Issuer", Name: "open"}, `kind "Issuer"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := &refs{key: test.user, registry: known}
			up, err := s.Upstream(t.Context(), test.ref)
			if err == nil {
				_, err = up.IssueIntermediate(t.Context(), issuer.IntermediateRequest{
					PublicKey: h.LeafKey.Public(), CommonName: "east 1f3a9c", Lifetime: time.Hour,
				})
			}
			if (err == nil) != (test.says == "") {
				t.Fatalf("the error is %v", err)
			}
			if err != nil {
				contains(t, "the error", err.Error(), test.says)
			}
		})
	}
}
