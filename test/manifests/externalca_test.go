package manifests

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

const folder = "examples/external-ca/"

// The fields of Istio's types that the example uses.
type (
	meshConfig struct {
		CACertificates []struct {
			CertSigners []string `json:"certSigners"`
			PEM         string   `json:"pem"`
		} `json:"caCertificates"`
	}
	chartValues struct {
		Mesh   meshConfig        `json:"meshConfig"`
		Global globalValues      `json:"global"`
		Env    map[string]string `json:"env"`
	}
	globalValues struct {
		CertSigners []string `json:"certSigners"`
	}
	istioOperator struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Spec       struct {
			Mesh   meshConfig `json:"meshConfig"`
			Values struct {
				Global globalValues `json:"global"`
				Pilot  struct {
					Env map[string]string `json:"env"`
				} `json:"pilot"`
			} `json:"values"`
			Components struct {
				Pilot struct {
					K8s struct {
						Env []struct {
							Name  string `json:"name"`
							Value string `json:"value"`
						} `json:"env"`
					} `json:"k8s"`
				} `json:"pilot"`
			} `json:"components"`
		} `json:"spec"`
	}
)

func parse[T any](t *testing.T, file string) T {
	t.Helper()
	var into T
	if err := yaml.UnmarshalStrict(read(t, folder+file), &into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return into
}

// issuers returns the issuers of a file by name.
func issuers(t *testing.T, file string) map[string]*v1alpha1.TrustClusterIssuer {
	t.Helper()
	all := make(map[string]*v1alpha1.TrustClusterIssuer)
	for _, document := range documents(t, folder+file) {
		i := &v1alpha1.TrustClusterIssuer{}
		if err := yaml.UnmarshalStrict(document, i); err != nil {
			t.Fatal(err)
		}
		all[i.Name] = i
	}
	return all
}

// TestExternalCA_FilesAgree compares the files for istioctl, for Helm and for an installation
// without either.
func TestExternalCA_FilesAgree(t *testing.T) {
	t.Parallel()
	issuer := slices.Collect(maps.Keys(issuers(t, "issuer.yaml")))
	signer := path.Join(v1alpha1.ClusterSignerDomain, issuer[0])
	env := map[string]string{
		"EXTERNAL_CA":         "ISTIOD_RA_KUBERNETES_API",
		"CERT_SIGNER_DOMAIN":  v1alpha1.ClusterSignerDomain,
		"K8S_SIGNER":          signer,
		"PILOT_CERT_PROVIDER": "k8s.io/" + signer,
	}
	operator, values := parse[istioOperator](t, "istio-operator.yaml"), parse[chartValues](t, "values.yaml")
	ofOperator := maps.Clone(operator.Spec.Values.Pilot.Env)
	for _, v := range operator.Spec.Components.Pilot.K8s.Env {
		ofOperator[v.Name] = v.Value
	}
	plain := make(map[string]string)
	for line := range strings.Lines(string(read(t, folder+"istiod.env"))) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		plain[name] = value
	}
	for file, got := range map[string]map[string]string{"istio-operator.yaml": ofOperator, "values.yaml": values.Env, "istiod.env": plain} {
		if diff := cmp.Diff(env, got); diff != "" {
			t.Errorf("%s: environment (-want +got):\n%s", file, diff)
		}
	}
	mesh := parse[meshConfig](t, "mesh.yaml")
	if len(mesh.CACertificates) != 1 || !slices.Equal(mesh.CACertificates[0].CertSigners, []string{signer}) {
		t.Errorf("mesh.yaml has the roots %+v, want those of %s", mesh, signer)
	}
	for file, got := range map[string]meshConfig{"istio-operator.yaml": operator.Spec.Mesh, "values.yaml": values.Mesh} {
		if diff := cmp.Diff(mesh, got); diff != "" {
			t.Errorf("%s: meshConfig (-mesh.yaml +got):\n%s", file, diff)
		}
	}
	for file, got := range map[string][]string{
		"istio-operator.yaml": operator.Spec.Values.Global.CertSigners, "values.yaml": values.Global.CertSigners, "istiod-rbac.yaml": approved(t),
	} {
		if !slices.Equal(got, []string{signer}) {
			t.Errorf("%s: istiod may approve %q, want %s", file, got, signer)
		}
	}
}

// approved returns the signers whose requests istiod may approve.
func approved(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, document := range documents(t, folder+"istiod-rbac.yaml") {
		var role rbacv1.ClusterRole
		if err := yaml.Unmarshal(document, &role); err != nil {
			t.Fatal(err)
		}
		for _, rule := range role.Rules {
			if slices.Contains(rule.Resources, "signers") {
				names = append(names, rule.ResourceNames...)
			}
		}
	}
	return names
}

func TestExternalCA_RequestIsAllowedOnlyForIstiod(t *testing.T) {
	t.Parallel()
	all := issuers(t, "several-signers.yaml")
	tests := map[string]struct {
		issuer  *v1alpha1.TrustClusterIssuer
		account string
		want    bool
	}{
		"istiod, of the issuer":                      {issuers(t, "issuer.yaml")["mesh"], "istio-system:istiod", true},
		"the workload itself":                        {issuers(t, "issuer.yaml")["mesh"], "shop:cart", false},
		"istiod, of the first of several issuers":    {all["mesh"], "istio-system:istiod", true},
		"istiod, of the issuer for other namespaces": {all["payments"], "istio-system:istiod", false},
		"istiod, of the upstream issuer":             {all["corporate"], "istio-system:istiod", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy, err := csr.NewPolicy(test.issuer.Spec.Policy)
			if err != nil {
				t.Fatal(err)
			}
			namespace, _, _ := strings.Cut(test.account, ":")
			decision := policy.Evaluate(csr.Request{
				Kind: csr.KindCertificateSigningRequest,
				CSR:  bytes.TrimSpace(read(t, folder+"request.pem")),
				Requester: csr.Requester{
					Username: "system:serviceaccount:" + test.account,
					Groups:   []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace},
				},
			})
			if decision.Allowed() != test.want {
				t.Error(decision.Summary())
			}
		})
	}
}

func TestExternalCA_UpstreamAllowsEphemeralIssuers(t *testing.T) {
	t.Parallel()
	all, found := issuers(t, "several-signers.yaml"), false
	for name, i := range all {
		if i.Spec.Ephemeral == nil {
			continue
		}
		found = true
		upstream := all[i.Spec.Ephemeral.IssuerRef.Name]
		if upstream == nil || !slices.ContainsFunc(upstream.Spec.AllowIntermediates, func(u v1alpha1.IssuerUser) bool { return u.Name == name }) {
			t.Errorf("%s has no upstream that allows it: %+v", name, upstream)
		}
	}
	if !found {
		t.Error("the example has no ephemeral issuer")
	}
}
