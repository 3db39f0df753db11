// Command embed shows how a program uses the packages of trustgen: it keeps a trust
// directory, as the command line does, and signs a workload certificate with the
// intermediate of a cluster, as istiod does.
package main

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/secrets/fabric"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: embed DIRECTORY")
	}
	if err := run(context.Background(), os.Stdout, os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, out io.Writer, dir string) error {
	f, err := fabric.Open(ctx, dir, fabric.Options{})
	if err != nil {
		return err
	}
	result, err := f.Ensure(ctx, []string{"east", "west"}, fabric.EnsureOptions{
		Root: fabric.RootOptions{Organization: "Example", TrustDomain: "mesh.example.com"},
	})
	if err != nil {
		return err
	}
	for _, cluster := range result.Clusters {
		fmt.Fprintf(out, "%s: %s\n", cluster.Cluster, cluster.Action)
	}
	for _, step := range result.Rollout() {
		fmt.Fprintln(out, step.Kind, strings.Join(step.Clusters, ", "), "because", step.Why)
	}
	return issue(ctx, out, f)
}

// issue signs a workload certificate for an hour with the intermediate of east, and
// verifies it up to the root that west trusts.
func issue(ctx context.Context, out io.Writer, f *fabric.Fabric) error {
	east, err := f.Bundle(ctx, "east")
	if err != nil {
		return err
	}
	west, err := f.Bundle(ctx, "west")
	if err != nil {
		return err
	}
	authority, err := ca.Load(east.Key(), east.Chain(), nil)
	if err != nil {
		return err
	}
	profile, err := ca.Workload(ca.WorkloadOptions{Lifetime: time.Hour})
	if err != nil {
		return err
	}
	key, err := ca.GenerateKey(ca.P256)
	if err != nil {
		return err
	}
	draft, err := authority.Prepare(profile, ca.Request{
		PublicKey: key.Public(),
		SPIFFEID:  spiffeid.RequireFromString("spiffe://mesh.example.com/ns/shop/sa/cart"),
	})
	if err != nil {
		return err
	}
	leaf, err := authority.Issue(draft)
	if err != nil {
		return err
	}
	chain := append([]*x509.Certificate{leaf}, authority.Chain()...)
	violations := ca.VerifyLeaf(chain, ca.VerifyOptions{Roots: west.Roots()})
	fmt.Fprintf(out, "%s: %d violations in west\n", leaf.URIs[0], len(violations))
	return nil
}
