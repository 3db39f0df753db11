package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	certificatesv1 "k8s.io/api/certificates/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

// meshPolicy lets istiod ask for a workload of the namespace.
func meshPolicy(namespace string) v1alpha1.Policy {
	return v1alpha1.Policy{TrustDomains: []string{"cluster.local"}, Rules: []v1alpha1.PolicyRule{{
		Name: "workloads", Requesters: []v1alpha1.ServiceAccount{{Namespace: "istio-system", Name: "istiod"}},
		Identities: v1alpha1.AnyIdentity, Namespaces: []string{namespace}, ServiceAccounts: []string{"*"},
	}}}
}

// scriptFile is a file of the scripts: what they are about lies there.
func scriptFile(t *testing.T, script, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/script", script))
	if err != nil {
		t.Fatal(err)
	}
	_, found, ok := strings.Cut(string(text), "-- "+name+" --\n")
	content, _, _ := strings.Cut(found, "\n-- ")
	if !ok {
		t.Fatalf("%s has no %s", script, name)
	}
	return []byte(content + "\n")
}

func requestFor(t *testing.T, signer string) certificatesv1.CertificateSigningRequest {
	t.Helper()
	return certificatesv1.CertificateSigningRequest{
		TypeMeta:   metav1.TypeMeta{APIVersion: "certificates.k8s.io/v1", Kind: "CertificateSigningRequest"},
		ObjectMeta: metav1.ObjectMeta{Name: "csr-workload-1"},
		Spec: certificatesv1.CertificateSigningRequestSpec{
			SignerName: signer,
			Request:    scriptFile(t, "check.txtar", "agent.pem"),
			Usages:     []certificatesv1.KeyUsage{certificatesv1.UsageServerAuth, certificatesv1.UsageClientAuth},
			Username:   "system:serviceaccount:istio-system:istiod",
			Groups:     []string{"system:serviceaccounts", "system:serviceaccounts:istio-system"},
		},
	}
}

func TestCheckCSR_RequestInTheCluster(t *testing.T) {
	t.Parallel()
	const mesh = "trustclusterissuers.trustgen.io/mesh"
	issuerOf := func(name, namespace string) v1alpha1.TrustClusterIssuer {
		return v1alpha1.TrustClusterIssuer{
			TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.APIVersion, Kind: v1alpha1.KindTrustClusterIssuer},
			ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.IssuerSpec{Policy: meshPolicy(namespace)},
		}
	}
	kubeconfig := apiServer(t, map[string]any{
		requestsPath + "/csr-workload-1": requestFor(t, mesh),
		requestsPath + "/csr-lost":       requestFor(t, "trustclusterissuers.trustgen.io/lost"),
		requestsPath + "/csr-tenant":     requestFor(t, "trustissuers.trustgen.io/shop.mesh"),
		requestsPath + "/absent":         notFound("absent"),
		requestsPath + "/hidden":         forbidden("reading it"),
		issuersPath + "/mesh":            issuerOf("mesh", "shop"),
		issuersPath + "/a.b":             issuerOf("a.b", "bank"),
		issuersPath + "/lost":            notFound("lost"),
	})
	tests := map[string]struct {
		args     []string
		wantCode int
		stderr   string
	}{
		"its signer decides":           {[]string{"csr-workload-1"}, exitOK, ""},
		"an issuer by name":            {[]string{"csr-workload-1", "--issuer", "mesh"}, exitOK, ""},
		"an issuer by its signer name": {[]string{"csr-workload-1", "--issuer", mesh}, exitOK, ""},
		"another issuer": {
			[]string{"csr-workload-1", "--issuer", "trustclusterissuers.trustgen.io/a.b"}, exitFailed,
			"trustgen: csr-workload-1 requests signer " + mesh + ", but is checked against issuer a.b\n" +
				"trustgen: error: csr-workload-1 is refused by the issuer a.b\n",
		},
		"no such issuer": {
			[]string{"csr-lost"}, exitNoResult,
			"trustgen: error: issuer lost: \"lost\" not found\n",
		},
		"an issuer of a namespace": {
			[]string{"csr-tenant"}, exitUsage,
			"trustgen: error: the request is for the signer \"trustissuers.trustgen.io/shop.mesh\", which is not a TrustClusterIssuer: name one with --issuer\n" +
				"trustgen: hint: see 'trustgen check csr --help'\n",
		},
		"no such request": {[]string{"absent"}, exitNoResult, "trustgen: error: request absent: \"absent\" not found\n"},
		"a request that may not be read": {
			[]string{"hidden"}, exitNoResult, "trustgen: error: request hidden: reading it is forbidden\n",
		},
		"what the request says itself": {
			[]string{"csr-workload-1", "--requester", "x"}, exitUsage,
			"trustgen: error: --requester cannot be combined with a request that has it\n" +
				"trustgen: hint: see 'trustgen check csr --help'\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newConsole("")
			code := s.run(t, append([]string{"check", "csr", "--kubeconfig", kubeconfig}, test.args...)...)
			s.want(t, code, test.wantCode, test.stderr)
			if decided := code <= exitFailed; decided != strings.Contains(s.out.String(), "requester  system:serviceaccount:istio-system:istiod") {
				t.Errorf("stdout is:\n%s", s.out.String())
			}
		})
	}
}
