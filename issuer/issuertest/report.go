package issuertest

import (
	"fmt"
	"strings"
	"sync"

	"github.com/trustgen/trustgen/issuer"
)

// Report is what a backend was seen to honour.
//
// What was asked for is "kept", or "ignored" by a certificate that [issuer.Obtain]
// then does not deliver, or "refused" for good, or "failed" with another error; "not
// tried" is what needs something that the backend does not have or claim.
type Report struct {
	// Backend is its name.
	Backend string
	// Lifetime of a certificate, and how long it may be at most if the suite came to
	// know.
	Lifetime string
	// Usages: serverAuth alone, and clientAuth alone.
	Usages string
	// DNSNames in place of a SPIFFE ID.
	DNSNames string
	// Chain is what an answer holds: "leaf", "leaf, 1 CA", "leaf, 1 CA, root".
	Chain string
	// Intermediates is "none" for a backend that is no
	// [issuer.IntermediateIssuer].
	Intermediates string
	// Constraints of an intermediate.
	Constraints string
}

// String is the report as a row of a Markdown table, see [Table].
func (r Report) String() string {
	return "| " + strings.Join([]string{r.Backend, r.Lifetime, r.Usages, r.DNSNames, r.Chain, r.Intermediates, r.Constraints}, " | ") + " |"
}

// Table is a Markdown table of reports, in their order.
func Table(reports ...Report) string {
	var b strings.Builder
	b.WriteString("| backend | lifetime | usages | DNS names | chain | intermediates | constraints |\n")
	b.WriteString("|---|---|---|---|---|---|---|\n")
	for _, r := range reports {
		b.WriteString(r.String() + "\n")
	}
	return b.String()
}

// aspect is a column of a report.
type aspect int

const (
	lifetimes aspect = iota
	longest
	usages
	dnsNames
	chains
	intermediates
	constraints
	aspects
)

// kept is the best that can be said of an aspect.
const kept = "kept"

// observations are what the cases saw.
type observations struct {
	mu   sync.Mutex
	seen [aspects]string
}

// note adds what was seen; nothing can make up for an aspect that was not kept.
func (o *observations) note(a aspect, what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.seen[a] == "" || o.seen[a] == kept {
		o.seen[a] = what
	}
}

// judge notes the outcome of a request. It is an error if the backend claims better,
// or if it is one that nothing forgives.
func (o *observations) judge(a aspect, claimed bool, err error) error {
	o.note(a, outcome(err))
	if err != nil && claimed {
		return fmt.Errorf("it claims this, but: %w", err)
	}
	return forgiven(err)
}

func outcome(err error) string {
	switch {
	case err == nil:
		return kept
	case isA[*issuer.ResponseError](err), isA[*shortened](err):
		return "ignored"
	case isA[*issuer.PermanentError](err):
		return "refused"
	}
	return "failed"
}

func (o *observations) report(name string) Report {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := Report{
		Backend: name, Lifetime: o.of(lifetimes), Usages: o.of(usages), DNSNames: o.of(dnsNames),
		Chain: o.of(chains), Intermediates: o.of(intermediates), Constraints: o.of(constraints),
	}
	if r.Lifetime == kept && o.seen[longest] != "" {
		r.Lifetime += ", " + o.seen[longest]
	}
	return r
}

func (o *observations) of(a aspect) string {
	if o.seen[a] == "" {
		return "not tried"
	}
	return o.seen[a]
}
