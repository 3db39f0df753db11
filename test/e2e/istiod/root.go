package istiod

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/poll"
)

// publishTimeout is for the slowest machine; istiod needs a moment.
const publishTimeout = 30 * time.Second

// PublishedRoot returns what an istiod publishes in a namespace of c for
// proxies to verify it by, PEM, as soon as it has.
func PublishedRoot(t testing.TB, c *cluster.Cluster, namespace string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), publishTimeout)
	defer cancel()
	const (
		configMap = "istio-ca-root-cert"
		key       = "root-cert.pem"
	)
	var published struct{ Data map[string]string }
	err := poll.Until(ctx, func(ctx context.Context) error {
		err := c.Get(ctx, "/api/v1/namespaces/"+namespace+"/configmaps/"+configMap, &published)
		if err == nil && published.Data[key] == "" {
			err = errors.New("it has no " + key)
		}
		return err
	})
	if err != nil {
		t.Fatalf("%s: ConfigMap %s/%s: %v", c.Name, namespace, configMap, err)
	}
	return []byte(published.Data[key])
}
