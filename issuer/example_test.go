package issuer_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/issuer"
	"github.com/trustgen/trustgen/issuer/local"
)

// Obtain a certificate from a CA in this process. For another CA only the issuer differs.
func Example() {
	rootKey, err := ca.GenerateKey(ca.P256)
	if err != nil {
		log.Fatal(err)
	}
	root, err := ca.NewRoot(ca.RootOptions{Key: rootKey, Organization: "mesh.example.com"})
	if err != nil {
		log.Fatal(err)
	}
	backend, err := local.New(root, local.Options{})
	if err != nil {
		log.Fatal(err)
	}
	key, err := ca.GenerateKey(ca.P256)
	if err != nil {
		log.Fatal(err)
	}
	chain, err := issuer.Obtain(context.Background(),
		issuer.Limit(backend, issuer.LimitOptions{Rate: 100, Concurrency: 8}),
		issuer.Request{
			PublicKey:    key.Public(),
			SPIFFEID:     spiffeid.RequireFromString("spiffe://mesh.example.com/ns/shop/sa/cart"),
			ExtKeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
			Lifetime:     time.Hour,
		},
		issuer.ObtainOptions{Backend: "local", Roots: root.Chain()})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(chain.Certificates[0].URIs[0])
	// Output:
	// spiffe://mesh.example.com/ns/shop/sa/cart
}

// The type of an error says what to do next.
func ExamplePermanentError() {
	next := func(err error) string {
		var permanent *issuer.PermanentError
		var pending *issuer.PendingError
		switch {
		case errors.As(err, &permanent):
			return "fail: " + permanent.Reason
		case errors.As(err, &pending):
			return "retry in " + pending.After.String()
		}
		return "retry"
	}
	fmt.Println(next(&issuer.PermanentError{Reason: "Refused", Err: errors.New("the key is too short")}))
	fmt.Println(next(&issuer.PendingError{After: time.Minute, Err: errors.New("waiting for approval")}))
	fmt.Println(next(errors.New("connection refused")))
	// Output:
	// fail: Refused
	// retry in 1m0s
	// retry
}
