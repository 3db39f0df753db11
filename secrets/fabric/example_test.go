package fabric_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/trustgen/trustgen/secrets/fabric"
)

// The same as: trustgen intermediate --cluster east --cluster west.
func Example() {
	temp, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(temp)

	ctx := context.Background()
	f, err := fabric.Open(ctx, filepath.Join(temp, "trust"), fabric.Options{})
	if err != nil {
		log.Fatal(err)
	}
	result, err := f.Ensure(ctx, []string{"east", "west"}, fabric.EnsureOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("root made:", result.RootCreated)
	for _, cluster := range result.Clusters {
		fmt.Println(cluster.Cluster, cluster.Action)
	}
	// Output:
	// root made: true
	// east created
	// west created
}
