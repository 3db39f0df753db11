package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRun_CreatesThenKeepsTheClusters(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "trust")
	steps := map[string]string{"created": "ApplySecret east, west because the intermediate is new\n", "kept": ""}
	for _, action := range []string{"created", "kept"} {
		var out strings.Builder
		if err := run(t.Context(), &out, dir); err != nil {
			t.Fatal(err)
		}
		want := "east: " + action + "\nwest: " + action + "\n" + steps[action] + "spiffe://mesh.example.com/ns/shop/sa/cart: 0 violations in west\n"
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("output (-want +got):\n%s", diff)
		}
	}
}
