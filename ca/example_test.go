package ca_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/trustgen/trustgen/ca"
)

// A root, and an intermediate for one cluster.
func Example() {
	rootKey, err := ca.GenerateKey(ca.P256)
	if err != nil {
		log.Fatal(err)
	}
	root, err := ca.NewRoot(ca.RootOptions{Key: rootKey, Organization: "mesh.example.com"})
	if err != nil {
		log.Fatal(err)
	}
	profile, err := ca.Intermediate(ca.IntermediateOptions{Lifetime: 90 * 24 * time.Hour})
	if err != nil {
		log.Fatal(err)
	}
	eastKey, err := ca.GenerateKey(ca.P256)
	if err != nil {
		log.Fatal(err)
	}
	draft, err := root.Prepare(profile, ca.Request{PublicKey: eastKey.Public(), CommonName: "east"})
	if err != nil {
		log.Fatal(err)
	}
	east, err := root.Issue(draft)
	if err != nil {
		log.Fatal(err)
	}
	chain := append([]*x509.Certificate{east}, root.Chain()...)
	fmt.Println("violations:", len(ca.VerifyIntermediate(chain, ca.VerifyOptions{Roots: root.Chain()})))
	fmt.Println("path length:", east.MaxPathLen)
	// Output:
	// violations: 0
	// path length: 0
}

// Nothing outlives its issuer; the error says what would be possible.
func ExampleLifetimeError() {
	now := func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }
	rootKey, err := ca.GenerateKey(ca.P256)
	if err != nil {
		log.Fatal(err)
	}
	root, err := ca.NewRoot(ca.RootOptions{Key: rootKey, Organization: "mesh", Now: now, NotAfter: now().AddDate(0, 6, 0)})
	if err != nil {
		log.Fatal(err)
	}
	profile, err := ca.Intermediate(ca.IntermediateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	eastKey, err := ca.GenerateKey(ca.P256)
	if err != nil {
		log.Fatal(err)
	}
	_, err = root.Prepare(profile, ca.Request{PublicKey: eastKey.Public(), CommonName: "east"})
	var lifetime *ca.LifetimeError
	if errors.As(err, &lifetime) {
		fmt.Println("requested:", lifetime.Asked.Format(time.DateOnly))
		fmt.Println("longest:", lifetime.Longest.Format(time.DateOnly))
	}
	// Output:
	// requested: 2027-01-01
	// longest: 2026-07-01
}

// The chain rules have names and sources.
func ExampleRules() {
	for _, info := range ca.Rules()[:3] {
		fmt.Printf("%s: %s\n", info.Rule, info.Demand)
	}
	// Output:
	// signature: The key of the next certificate made its signature; the signature of a given root is not verified.
	// signature-algorithm: It is signed with SHA-256 or stronger.
	// issuer-name: It is followed by its issuer.
}
