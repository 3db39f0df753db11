package istiod

import (
	"net"
	"strings"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/process"
)

func TestIstiod(t *testing.T) {
	c := cluster.Start(t, cluster.Options{})
	Install(t, c)

	for n, name := range []string{"of gRPC", "of its probe"} {
		t.Run("starts although the port "+name+" is used", func(t *testing.T) {
			ports := []int{process.FreePort(t), process.FreePort(t), process.FreePort(t), process.FreePort(t)}
			ports[n] = takenPort(t)
			Start(t, c, Options{port: func(testing.TB) int {
				port := ports[0]
				ports = ports[1:]
				return port
			}})
			if len(ports) != 0 {
				t.Error("istiod did not try the used port")
			}
		})
	}

	t.Run("logs why it refuses a CA", func(t *testing.T) {
		i, err := Try(t, c, Options{CA: map[string][]byte{"ca-cert.pem": []byte("no certificate")}})
		if err == nil || !strings.Contains(i.Process.Log(), "incomplete signing CA bundle") {
			t.Errorf("error for a CA without a key: %v; log of istiod:\n%s", err, i.Process.Log())
		}
	})
}

// takenPort returns a port on which a listener runs until t ends.
func takenPort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener.Addr().(*net.TCPAddr).Port
}
