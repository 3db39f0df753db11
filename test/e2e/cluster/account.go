package cluster

import (
	"context"
	"fmt"
	"testing"

	"github.com/trustgen/trustgen/test/e2e/pki"
)

// ServiceAccount names a service account.
type ServiceAccount struct{ Namespace, Name string }

// String is the user name of the account in RBAC.
func (a ServiceAccount) String() string {
	return "system:serviceaccount:" + a.Namespace + ":" + a.Name
}

// EnsureServiceAccount creates account and its namespace, unless they exist.
func (c *Cluster) EnsureServiceAccount(t testing.TB, account ServiceAccount) {
	t.Helper()
	namespace := "/api/v1/namespaces/" + account.Namespace
	for _, object := range []struct{ path, kind, name string }{
		{namespace, "Namespace", account.Namespace},
		{namespace + "/serviceaccounts/" + account.Name, "ServiceAccount", account.Name},
	} {
		err := c.Apply(t.Context(), object.path, Object{
			"apiVersion": "v1", "kind": object.kind, "metadata": Object{"name": object.name},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Token requests a token of account from the TokenRequest API. The account must exist.
func (c *Cluster) Token(ctx context.Context, account ServiceAccount, audience string) (string, error) {
	path := fmt.Sprintf("/api/v1/namespaces/%s/serviceaccounts/%s/token", account.Namespace, account.Name)
	var answer struct{ Status struct{ Token string } }
	err := c.Create(ctx, path, Object{
		"apiVersion": "authentication.k8s.io/v1",
		"kind":       "TokenRequest",
		"spec":       Object{"audiences": []string{audience}, "expirationSeconds": int(pki.Lifetime.Seconds())},
	}, &answer)
	return answer.Status.Token, err
}
