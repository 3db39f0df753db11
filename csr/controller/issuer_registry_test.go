package controller

import (
	"testing"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

func TestParseSignerName(t *testing.T) {
	const cluster, namespaced = v1alpha1.ClusterSignerDomain, v1alpha1.NamespacedSignerDomain
	valid := []struct {
		name string
		want issuerKey
	}{
		{cluster + "/mesh", issuerKey{name: "mesh"}},
		{cluster + "/mesh.example.com", issuerKey{name: "mesh.example.com"}},
		{namespaced + "/shop.mesh", issuerKey{"shop", "mesh"}},
		{namespaced + "/shop.mesh.example.com", issuerKey{"shop", "mesh.example.com"}},
	}
	for _, test := range valid {
		got, ok := parseSignerName(test.name)
		if !ok || got != test.want {
			t.Errorf("%s: %v, %t, want %v", test.name, got, ok, test.want)
		}
		if back := got.signerName(); back != test.name {
			t.Errorf("%s comes back as %s", test.name, back)
		}
	}
	for _, name := range []string{
		"", "/", "mesh", cluster, cluster + "/", "x" + cluster + "/mesh", cluster + ".x/mesh", cluster + "/mesh/x", cluster + "//mesh",
		namespaced, namespaced + "/", namespaced + "/mesh", namespaced + "/.mesh", namespaced + "/shop.", namespaced + "/shop.mesh/x",
		"issuers.cert-manager.io/shop.mesh", "kubernetes.io/kubelet-serving",
	} {
		if got, ok := parseSignerName(name); ok || got != (issuerKey{}) {
			t.Errorf("%q: %v, %t", name, got, ok)
		}
	}
}

func FuzzParseSignerName(f *testing.F) {
	f.Add(v1alpha1.ClusterSignerDomain + "/mesh")
	f.Add(v1alpha1.NamespacedSignerDomain + "/shop.mesh.example.com")
	f.Fuzz(func(t *testing.T, name string) {
		if key, ok := parseSignerName(name); ok && key.signerName() != name {
			t.Errorf("%q comes back as %q", name, key.signerName())
		}
	})
}

func TestAllows(t *testing.T) {
	s := &activeIssuer{users: []v1alpha1.IssuerUser{
		{Name: "mesh"},
		{Kind: v1alpha1.KindTrustIssuer, Namespace: "shop", Name: "mesh"},
	}}
	tests := []struct {
		name string
		user issuerKey
		want bool
	}{
		{"a cluster issuer that is named", issuerKey{name: "mesh"}, true},
		{"another cluster issuer", issuerKey{name: "other"}, false},
		{"an issuer that is named", issuerKey{"shop", "mesh"}, true},
		{"one of its name in another namespace", issuerKey{"bank", "mesh"}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := s.allows(test.user.user()); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
