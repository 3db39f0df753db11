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

// A judgement is a chain about which the libraries may differ, as the proofs of the mesh must not.
type judgement struct {
	name   string
	issuer *authority // of the leaf
	leaf   []string   // its names; checkoutID if empty
	trusts []*x509.Certificate
	crls   []byte
	want   verdict
	why    string // where the libraries differ
}

// judge asks every library about every chain, and prints what they say.
func judge(t *testing.T, judgements []judgement) {
	t.Helper()
	judges, peer := findVerifiers(t), newLocalRoot(t, "peer").byHand()
	said := make([]map[library][]string, len(judgements))
	for i, j := range judgements {
		t.Run(j.name, func(t *testing.T) { said[i] = j.run(t, judges, peer) })
	}
	t.Logf("what the libraries say:\n%s", judgementTable(judgements, said))
}

// run holds each verifier's answer against the verdict.
func (j judgement) run(t *testing.T, judges []verifiers.Verifier, peer *authority) map[library][]string {
	t.Helper()
	c, said := j.connection(t, peer), make(map[library][]string)
	for _, judge := range judges {
		l := libraryOf(judge)
		got, err := l.said(judge.Verify(t.Context(), c, j.side()), j.want[l])
		switch {
		case err != nil:
			t.Errorf("%s cannot look: %v", judge.Name(), err)
		case got != j.want[l]:
			t.Errorf("%s: got %s, want %s", judge.Name(), got, j.want[l])
		}
		said[l] = append(said[l], string(got))
	}
	return said
}

// connection is one of a peer in which all is in order, and who judges the chain.
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

// side is the server's for who is, or poses as, istiod: a client compares its name as well.
func (j judgement) side() verifiers.Side {
	if slices.Contains(j.leaf, istiod.ServerName) {
		return verifiers.Server
	}
	return verifiers.Client
}

// leafOf is a leaf of SPIFFE IDs, addresses and DNS names, which nobody has checked.
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

// judgementTable has a line for each chain and a column for each library. A cell holds two opinions
// where two verifiers of one library differ.
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

// of is the judgement of another leaf.
func (j judgement) of(names ...string) judgement {
	j.leaf = names
	return j
}

// with is the judgement of who has these CRLs.
func (j judgement) with(crls []byte) judgement {
	j.crls = crls
	return j
}

// because says why the libraries differ.
func (j judgement) because(why string) judgement {
	j.why = why
	return j
}
