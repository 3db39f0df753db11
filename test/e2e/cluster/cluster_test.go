package cluster

import (
	"encoding/base64"
	"net"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/process"
)

func TestCluster(t *testing.T) {
	c := Start(t, Options{})

	t.Run("stores an applied Secret", func(t *testing.T) {
		c.Kubectl(t, "create", "namespace", "istio-system")
		const rootCert = "-----BEGIN CERTIFICATE-----"
		c.KubectlInput(t, `
apiVersion: v1
kind: Secret
metadata: {name: cacerts, namespace: istio-system}
stringData: {root-cert.pem: "`+rootCert+`"}
`, "apply", "--server-side", "-f", "-")

		got := c.Kubectl(t, "get", "secret", "cacerts", "-n", "istio-system", "-o", `jsonpath={.data.root-cert\.pem}`)
		if want := base64.StdEncoding.EncodeToString([]byte(rootCert)); got != want {
			t.Errorf("the Secret holds %q, want %q", got, want)
		}
	})

	t.Run("refuses an unknown user", func(t *testing.T) {
		stranger := c.KubectlCommand(t, "get", "--raw", "/readyz", "--kubeconfig=/dev/null",
			"--server="+c.URL, "--certificate-authority="+c.credentials.path(caCert), "--token=made-up")
		output, err := stranger.CombinedOutput()
		if err == nil || !strings.Contains(string(output), "Unauthorized") {
			t.Errorf("a stranger got %q, %v; want Unauthorized", output, err)
		}
	})

	t.Run("accepts the users of its kubeconfigs", func(t *testing.T) {
		robot := ServiceAccount{Namespace: "default", Name: "robot"}
		c.EnsureServiceAccount(t, robot)
		for want, kubeconfig := range map[string]string{
			"system:kube-controller-manager":      c.UserKubeconfig(t, "system:kube-controller-manager"),
			"system:serviceaccount:default:robot": c.ServiceAccountKubeconfig(t, robot),
		} {
			got := c.Kubectl(t, "auth", "whoami", "--kubeconfig="+kubeconfig, "-o", "jsonpath={.status.userInfo.username}")
			if got != want {
				t.Errorf("the API server authenticates %s as %q", want, got)
			}
		}
	})

	t.Run("reports the pinned version", func(t *testing.T) {
		if got := c.Kubectl(t, "version"); strings.Contains(got, "v0.0.0") {
			t.Errorf("kubectl version: %s", got)
		}
	})
}

func TestStart_RetriesOnTakenPort(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()

	ports := []int{listener.Addr().(*net.TCPAddr).Port, process.FreePort(t)}
	c := Start(t, Options{port: func(testing.TB) int {
		port := ports[0]
		ports = ports[1:]
		return port
	}})
	if got := c.Kubectl(t, "get", "--raw", "/readyz"); got != "ok" {
		t.Errorf("GET /readyz: %q, want ok", got)
	}
	if len(ports) != 0 {
		t.Error("the API server did not try the used port")
	}
}
