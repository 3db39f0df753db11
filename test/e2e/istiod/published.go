package istiod

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/trustgen/trustgen/test/e2e/cluster"
	"github.com/trustgen/trustgen/test/e2e/poll"
)

// A publication is a ConfigMap that an istiod writes to each namespace.
type publication struct {
	configMap, key string
	mayBeEmpty     bool
}

// publishTimeout is enough for the slowest machine.
const publishTimeout = 30 * time.Second

// in waits for the ConfigMap in a namespace, and returns its data.
func (p publication) in(t testing.TB, c *cluster.Cluster, namespace string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), publishTimeout)
	defer cancel()
	var published struct{ Data map[string]string }
	err := poll.Until(ctx, func(ctx context.Context) error {
		err := c.Get(ctx, "/api/v1/namespaces/"+namespace+"/configmaps/"+p.configMap, &published)
		if value, ok := published.Data[p.key]; err == nil && (!ok || value == "" && !p.mayBeEmpty) {
			err = fmt.Errorf("no %s yet", p.key)
		}
		return err
	})
	if err != nil {
		t.Fatalf("%s: ConfigMap %s/%s: %v", c.Name, namespace, p.configMap, err)
	}
	return []byte(published.Data[p.key])
}
