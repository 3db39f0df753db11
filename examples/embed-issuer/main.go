// Command embed-issuer evaluates certificate requests against a policy and signs those
// that are allowed, without Kubernetes and without a server.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/local"
	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

func main() {
	if err := run(context.Background(), os.Stdout, newRoot()); err != nil {
		log.Fatal(err)
	}
}

// run lets a service account request its own identity, and that of another account.
func run(ctx context.Context, out io.Writer, root *ca.Authority) error {
	signer, err := local.New(root, local.Options{})
	if err != nil {
		return err
	}
	policy, err := csr.NewPolicy(v1alpha1.Policy{
		TrustDomains: []string{"cluster.local"},
		Rules: []v1alpha1.PolicyRule{{
			Name: "workloads", Identities: v1alpha1.OwnIdentity, Namespaces: []string{"shop"}, ServiceAccounts: []string{"*"},
			MaxLifetime: metav1.Duration{Duration: time.Hour},
		}},
	})
	if err != nil {
		return err
	}
	for _, id := range []string{"spiffe://cluster.local/ns/shop/sa/cart", "spiffe://cluster.local/ns/shop/sa/ledger"} {
		decision := policy.Evaluate(newRequest("shop", "cart", id))
		fmt.Fprintln(out, decision.Summary())
		if !decision.Allowed() {
			continue
		}
		chain, err := issuer.Obtain(ctx, signer, *decision.Grant, issuer.ObtainOptions{Roots: root.Chain()})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "signed: a chain of %d certificates\n", len(chain.Certificates))
	}
	return nil
}
