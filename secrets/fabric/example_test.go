package fabric_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/trustgen/trustgen/secrets/fabric"
	"github.com/trustgen/trustgen/secrets/mesh"
	"github.com/trustgen/trustgen/secrets/rollout"
)

// openExample opens a directory that the caller removes.
func openExample(ctx context.Context) (f *fabric.Fabric, remove func()) {
	temp, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	if f, err = fabric.Open(ctx, filepath.Join(temp, "trust"), fabric.Options{}); err != nil {
		log.Fatal(err)
	}
	return f, func() { os.RemoveAll(temp) }
}

func printSteps(steps []rollout.Step) {
	for i, step := range steps {
		fmt.Printf("%d. %s %s\n", i+1, step.Kind, strings.Join(step.Clusters, ", "))
	}
}

// The same as: trustgen intermediate --cluster east --cluster west.
func Example() {
	ctx := context.Background()
	f, remove := openExample(ctx)
	defer remove()
	result, err := f.Ensure(ctx, []string{"east", "west"}, fabric.EnsureOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("root created:", result.RootCreated)
	for _, cluster := range result.Clusters {
		fmt.Println(cluster.Cluster, cluster.Action)
	}
	// Output:
	// root created: true
	// east created
	// west created
}

// A mesh that publishes CRLs gets a third cluster. The others have its CRL before they meet it.
func ExampleEnsureResult_Rollout() {
	ctx := context.Background()
	f, remove := openExample(ctx)
	defer remove()
	if _, err := f.Ensure(ctx, []string{"east", "west"}, fabric.EnsureOptions{}); err != nil {
		log.Fatal(err)
	}
	if _, err := f.RefreshCRLs(ctx, fabric.RefreshCRLsOptions{}); err != nil {
		log.Fatal(err)
	}
	result, err := f.Ensure(ctx, []string{"north"}, fabric.EnsureOptions{})
	if err != nil {
		log.Fatal(err)
	}
	printSteps(result.Rollout())
	// Output:
	// 1. ApplyCRLs east, west
	// 2. WaitProxies east, west
	// 3. ApplySecret north
}

// A stolen intermediate is revoked without an outage of its cluster, in two calls.
func ExampleFabric_Revoke() {
	ctx := context.Background()
	f, remove := openExample(ctx)
	defer remove()
	if _, err := f.Ensure(ctx, []string{"east", "west"}, fabric.EnsureOptions{}); err != nil {
		log.Fatal(err)
	}
	if _, err := f.RefreshCRLs(ctx, fabric.RefreshCRLsOptions{}); err != nil { // CRLs are published from the first day
		log.Fatal(err)
	}
	reason := mesh.ReasonKeyCompromise
	begun, err := f.Revoke(ctx, []string{"east"}, fabric.RevokeOptions{Reason: &reason})
	if err != nil {
		log.Fatal(err)
	}
	printSteps(begun.Rollout())

	finished, err := f.FinishRevocation(ctx, []string{"east"}, fabric.FinishRevocationOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("revoked:", len(finished.Clusters[0].Revoked))
	printSteps(finished.Rollout())
	// Output:
	// 1. ApplyCRLs west
	// 2. WaitProxies west
	// 3. ApplySecret east
	// 4. WaitRenewal east
	// 5. Finish east
	// revoked: 1
	// 1. ApplySecret east
	// 2. ApplyCRLs west
}
