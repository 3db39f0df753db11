package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRun_SignsAllowedRequests(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), &out, newRoot()); err != nil {
		t.Fatal(err)
	}
	want := `allowed by rule "workloads": spiffe://cluster.local/ns/shop/sa/cart for 1h0m0s
signed: a chain of 2 certificates
refused: rule "workloads": rule-own-identity: is for the requester's own identity, shop/cart asks for that of shop/ledger
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}
