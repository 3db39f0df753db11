package e2e_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/trustgen/trustgen/test/e2e/verifiers"
)

// A question is what a verifier judges: a chain that one side presents.
type question struct {
	verifier, keyType, proof string
	side                     verifiers.Side
}

// answers collects the results of verifiers in parallel tests.
type answers struct {
	mu   sync.Mutex
	said map[question]string
}

func newAnswers() *answers { return &answers{said: make(map[question]string)} }

func (a *answers) add(q question, err error) {
	said := "accepted"
	switch refusal := (*verifiers.Refusal)(nil); {
	case errors.As(err, &refusal):
		said = "refused"
	case err != nil:
		said = "failed"
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.said[q] = said
}

// table has a row for each verifier and key type, and a column for each proof. A cell has two
// results if the verifier judges the chains of server and client differently.
func (a *answers) table(judges []verifiers.Verifier) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "VERIFIER\tKEYS")
	for _, p := range proofs {
		fmt.Fprint(w, "\t", strings.ToUpper(p.name))
	}
	for _, judge := range judges {
		for _, keyType := range keyTypes {
			fmt.Fprintf(w, "\n%s\t%s", judge.Name(), keyType)
			for _, p := range proofs {
				var said []string
				for _, side := range verifiers.Sides() {
					said = append(said, a.said[question{judge.Name(), keyType, p.name, side}])
				}
				fmt.Fprint(w, "\t", strings.Join(slices.Compact(said), ", "))
			}
		}
	}
	w.Flush()
	return b.String()
}
