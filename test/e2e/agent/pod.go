package agent

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/process"
	"github.com/trustgen/trustgen/test/e2e/workload"
)

// Files that a kubelet mounts into a pod with a sidecar, relative to the working directory of the agent.
const (
	tokenFile = "var/run/secrets/tokens/istio-token"
	rootFile  = "var/run/secrets/istio/root-cert.pem"
)

// certificates is the directory to which the agent writes.
const certificates = "certificates"

// mount writes the files of a pod, and creates the directory for certificates.
func (a *Agent) mount(t testing.TB) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(a.dir, certificates), 0o700); err != nil {
		t.Fatal(err)
	}
	token, err := a.istiod.Cluster.Token(t.Context(), a.account, istiod.Audience)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		tokenFile: []byte(token),
		rootFile:  istiod.PublishedRoot(t, a.istiod.Cluster, a.account.Namespace),
	} {
		path := filepath.Join(a.dir, name)
		err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600))
		if err != nil {
			t.Fatal(err)
		}
	}
}

// spec is the process of an agent without Envoy.
func (a *Agent) spec(t testing.TB) process.Spec {
	t.Helper()
	ttl := cmp.Or(a.opts.TTL, 24*time.Hour)
	var signer []string
	if a.opts.CertSigner != "" {
		signer = []string{"ISTIO_META_CERT_SIGNER=" + a.opts.CertSigner}
	}
	return process.Spec{
		Name: a.istiod.Cluster.Name + "-pilot-agent",
		Path: process.Built(t, istiod.Binaries, "pilot-agent"),
		Args: []string{"proxy", "sidecar", "--domain=" + a.account.Namespace + ".svc.cluster.local"},
		Env: append(signer,
			"DISABLE_ENVOY=true",
			"OUTPUT_CERTS="+certificates,
			"SECRET_TTL="+ttl.String(),
			"POD_NAME="+a.account.Name,
			"POD_NAMESPACE="+a.account.Namespace,
			"SERVICE_ACCOUNT="+a.account.Name,
			"INSTANCE_IP=127.0.0.1",
			"TRUST_DOMAIN=cluster.local",
			"ISTIO_META_CLUSTER_ID="+a.istiod.Cluster.Name,
			"ISTIOD_SAN="+istiod.ServerName,
			fmt.Sprintf("PROXY_CONFIG={discoveryAddress: %q, statusPort: %d}", a.istiod.Address, process.FreePort(t)),
		),
		Dir: a.dir,
	}
}

// load reads the files of the agent. During a rotation key and certificate may not match, which
// is an error.
func (a *Agent) load() (*workload.Identity, error) {
	var files [3][]byte
	for n, name := range []string{"cert-chain.pem", "key.pem", "root-cert.pem"} {
		var err error
		if files[n], err = os.ReadFile(filepath.Join(a.dir, certificates, name)); err != nil {
			return nil, err
		}
	}
	return workload.NewIdentity(files[0], files[1], files[2])
}
