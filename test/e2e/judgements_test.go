package e2e_test

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/trustgen/trustgen/test/e2e/istiod"
	"github.com/trustgen/trustgen/test/e2e/verifiers"
)

// A judgement is a chain with the expected verdict of each library. Libraries may differ here;
// in the proofs of the mesh they must not.
type judgement struct {
	name   string
	issuer *authority // of the leaf
	leaf   []string   // its names; checkoutID if empty
	trusts []*x509.Certificate
	crls   []byte
	want   verdict
	why    string // why libraries differ, if they do
}

// judge runs every library on every chain, and prints the results.
func judge(t *testing.T, judgements []judgement) {
	t.Helper()
	judges, peer := findVerifiers(t), newLocalRoot(t, "peer").byHand()
	said := make([]map[library][]string, len(judgements))
	for i, j := range judgements {
		t.Run(j.name, func(t *testing.T) { said[i] = j.run(t, judges, peer) })
	}
	t.Logf("results of the libraries:\n%s", judgementTable(judgements, said))
}

// run compares the result of each verifier with the verdict.
func (j judgement) run(t *testing.T, judges []verifiers.Verifier, peer *authority) map[library][]string {
	t.Helper()
	c, said := j.connection(t, peer), make(map[library][]string)
	for _, judge := range judges {
		l := libraryOf(judge)
		got, err := l.said(judge.Verify(t.Context(), c, j.side()), j.want[l])
		switch {
		case err != nil:
			t.Errorf("%s cannot judge: %v", judge.Name(), err)
		case got != j.want[l]:
			t.Errorf("%s: got %s, want %s", judge.Name(), got, j.want[l])
		}
		said[l] = append(said[l], string(got))
	}
	return said
}

// connection is a connection whose other end has a valid chain and judges this one.
func (j judgement) connection(t *testing.T, peer *authority) verifiers.Connection {
	t.Helper()
	c, side := verifiers.Connection{ServerName: istiod.ServerName}, j.side()
	c.Ends[side] = j.issuer.workload(t, leafOf(j.names()...))
	c.Ends[side].Roots = peer.roots
	c.Ends[side.Peer()] = peer.workload(t, leafTemplate(side.Peer()))
	c.Ends[side.Peer()].Roots, c.Ends[side.Peer()].CRLs = concat(j.trusts...), j.crls
	return c
}

func (j judgement) names() []string {
	if len(j.leaf) == 0 {
		return []string{checkoutID}
	}
	return j.leaf
}

// side is the server for a chain with the name of istiod: a client compares that name too.
func (j judgement) side() verifiers.Side {
	if slices.Contains(j.leaf, istiod.ServerName) {
		return verifiers.Server
	}
	return verifiers.Client
}

// leafOf is a leaf with SPIFFE IDs, IP addresses and DNS names, unchecked.
func leafOf(names ...string) *x509.Certificate {
	template := leafTemplate(verifiers.Server)
	template.DNSNames = nil
	for _, name := range names {
		if rest, found := strings.CutPrefix(name, "spiffe://"); found {
			host, path, _ := strings.Cut(rest, "/")
			template.URIs = append(template.URIs, &url.URL{Scheme: "spiffe", Host: host, Path: "/" + path})
		} else if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	return template
}

// judgementTable has a row for each chain and a column for each library. A cell has two opinions
// if two verifiers of a library differ.
func judgementTable(judgements []judgement, said []map[library][]string) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "CHAIN")
	for _, l := range libraries() {
		fmt.Fprintf(w, "\t%s", l)
	}
	fmt.Fprint(w, "\tWHY THEY DIFFER")
	for i, j := range judgements {
		fmt.Fprintf(w, "\n%s", j.name)
		for _, l := range libraries() {
			fmt.Fprintf(w, "\t%s", cmp.Or(strings.Join(slices.Compact(said[i][l]), ", "), "-"))
		}
		fmt.Fprintf(w, "\t%s", j.why)
	}
	w.Flush()
	return b.String()
}

// of is the judgement with the names of the leaf.
func (j judgement) of(names ...string) judgement {
	j.leaf = names
	return j
}

// with is the judgement with CRLs.
func (j judgement) with(crls []byte) judgement {
	j.crls = crls
	return j
}

// because is the judgement with the reason why libraries differ.
func (j judgement) because(why string) judgement {
	j.why = why
	return j
}
