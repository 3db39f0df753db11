package issuertest

import (
	"fmt"
	"strings"
	"sync"

	"github.com/trustgen/trustgen/issuer"
)

// Report is what the suite observed of a backend. Its fields begin with one of
//
//   - "kept": the certificate was issued as requested
//   - "ignored": the certificate differed, and [issuer.Obtain] rejected it
//   - "refused": the request failed with a [*issuer.PermanentError]
//   - "failed": the request failed with another error
//   - "not tried": the backend does not have or claim a feature that the case needs
type Report struct {
	// Backend is the name of the backend.
	Backend string
	// Lifetime of a certificate, and what happens to a longer one.
	Lifetime string
	// Usages: only serverAuth, and only clientAuth.
	Usages string
	// DNSNames instead of a SPIFFE ID.
	DNSNames string
	// Chain is the content of a response: "leaf", "leaf, 1 CA", "leaf, 1 CA, root".
	Chain string
	// Intermediates is "none" for a backend that does not implement
	// [issuer.IntermediateIssuer].
	Intermediates string
	// Constraints: name constraints of an intermediate.
	Constraints string
}

// String returns the report as a row of a Markdown table, see [Table].
func (r Report) String() string {
	return "| " + strings.Join([]string{r.Backend, r.Lifetime, r.Usages, r.DNSNames, r.Chain, r.Intermediates, r.Constraints}, " | ") + " |"
}

// Table returns a Markdown table of reports.
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

// kept is the best outcome of an aspect.
const kept = "kept"

// observations are the outcomes of the cases.
type observations struct {
	mu   sync.Mutex
	seen [aspects]string
}

// note records an outcome. One that is worse than kept is not replaced.
func (o *observations) note(a aspect, what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.seen[a] == "" || o.seen[a] == kept {
		o.seen[a] = what
	}
}

// judge records the outcome of a request. It returns an error if the backend claims the
// feature, or if the error is never tolerated.
func (o *observations) judge(a aspect, claimed bool, err error) error {
	o.note(a, outcome(err))
	if err != nil && claimed {
		return fmt.Errorf("it claims this feature, but: %w", err)
	}
	return fatalOnly(err)
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
