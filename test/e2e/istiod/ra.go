package istiod

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/cluster"
)

// RA makes istiod a registration authority: for each certificate it creates a
// CertificateSigningRequest, approves it, and returns the response of the signer.
type RA struct {
	Domain string   // of the signers that workloads may select, such as trustgen.example
	Signer string   // default signer, in that domain
	Others []string // more signers of the domain that workloads may select
	Roots  []byte   // in PEM, of the signers, for the configuration of the mesh; none if empty
	// RootFile is the mounted root of an external CA, in PEM; not mounted if empty.
	RootFile []byte
	// Serving makes istiod get its own certificate from the signer too. It needs Roots.
	Serving bool
}

func (ra *RA) signer() string { return ra.Domain + "/" + ra.Signer }

func (ra *RA) env() []string {
	env := []string{
		"EXTERNAL_CA=ISTIOD_RA_KUBERNETES_API",
		"CERT_SIGNER_DOMAIN=" + ra.Domain,
		"K8S_SIGNER=" + ra.signer(),
	}
	if ra.Serving {
		env = append(env, "PILOT_CERT_PROVIDER=k8s.io/"+ra.signer())
	}
	return env
}

func (ra *RA) meshConfig() map[string]any {
	if len(ra.Roots) == 0 {
		return nil
	}
	signers := []string{ra.signer()}
	for _, name := range ra.Others {
		signers = append(signers, ra.Domain+"/"+name)
	}
	return map[string]any{"caCertificates": []map[string]any{
		{"pem": string(ra.Roots), "certSigners": signers},
	}}
}

// rootFile is the path at which istiod expects the root of an external CA, below its working
// directory.
const rootFile = "etc/external-ca-cert/root-cert.pem"

func (ra *RA) mount(dir string) error {
	if len(ra.RootFile) == 0 {
		return nil
	}
	path := filepath.Join(dir, rootFile)
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, ra.RootFile, 0o600))
}

// authorize lets istiod create and approve requests to the signers of the domain.
func (ra *RA) authorize(t testing.TB, c *cluster.Cluster) {
	t.Helper()
	const (
		rbac = "/apis/rbac.authorization.k8s.io/v1/"
		name = "istiod-registration-authority"
	)
	requests := []string{"certificatesigningrequests", "certificatesigningrequests/approval", "certificatesigningrequests/status"}
	group := []string{"certificates.k8s.io"}
	for path, object := range map[string]cluster.Object{
		"clusterroles/": {"kind": "ClusterRole", "rules": []cluster.Object{
			{"apiGroups": group, "resources": requests, "verbs": []string{"create", "get", "watch", "update", "delete"}},
			{"apiGroups": group, "resources": []string{"signers"}, "resourceNames": []string{ra.Domain + "/*"}, "verbs": []string{"approve"}},
		}},
		"clusterrolebindings/": {
			"kind":     "ClusterRoleBinding",
			"roleRef":  cluster.Object{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
			"subjects": []cluster.Object{{"kind": "ServiceAccount", "namespace": account.Namespace, "name": account.Name}},
		},
	} {
		object["apiVersion"] = "rbac.authorization.k8s.io/v1"
		object["metadata"] = cluster.Object{"name": name}
		if err := c.Apply(t.Context(), rbac+path+name, object); err != nil {
			t.Fatal(err)
		}
	}
}
