package secrets_test

import (
	"fmt"
	"log"
	"maps"
	"slices"
	"testing"

	"github.com/trustgen/trustgen/ca/catest"
	"github.com/trustgen/trustgen/secrets"
)

// Secret makes the Secret of istiod from an intermediate and its chain.
func ExampleCACerts_Secret() {
	h := catest.New(&testing.T{}) // an intermediate below a root
	bundle, err := secrets.New(secrets.Options{Key: h.IntermediateKey, Chain: h.Chain()})
	if err != nil {
		log.Fatal(err)
	}
	secret := bundle.Secret(secrets.DefaultNamespace)
	fmt.Printf("%s/%s\n", secret.Namespace, secret.Name)
	for _, name := range slices.Sorted(maps.Keys(secret.Data)) {
		fmt.Println(name)
	}
	// Output:
	// istio-system/cacerts
	// ca-cert.pem
	// ca-key.pem
	// cert-chain.pem
	// root-cert.pem
}
