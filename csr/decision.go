package csr

import (
	"fmt"
	"strings"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/issuer"
)

// MaxSummary is the maximum length of [Decision.Summary] in bytes.
const MaxSummary = 1024

// Decision is the result of [Policy.Evaluate]. The zero Decision refuses.
type Decision struct {
	// Grant is the request that may be sent to a CA. It is nil when the request is
	// refused.
	Grant *issuer.Request
	// Rule is the name of the rule that allows it, empty when the request is refused.
	Rule string
	// Reasons are all reasons for a refusal: first those of the request itself, in the
	// order of [Checks], then those of each rule of the policy in turn.
	Reasons []Reason
}

// Allowed reports whether there is a grant.
func (d Decision) Allowed() bool { return d.Grant != nil }

// Summary is the decision in one line of printable ASCII with at most [MaxSummary] bytes,
// for the message of a condition. Reasons that do not fit are counted.
func (d Decision) Summary() string {
	if d.Allowed() {
		return cut(fmt.Sprintf("allowed by rule %s: %s for %s", quote(d.Rule), subject(d.Grant), d.Grant.Lifetime), MaxSummary)
	}
	var b strings.Builder
	b.WriteString("refused")
	for i, reason := range d.Reasons {
		separator, text := "; ", reason.String()
		if i == 0 {
			separator = ": "
		}
		rest := fmt.Sprintf("; and %d more", len(d.Reasons)-i)
		if i > 0 && b.Len()+len(separator)+len(text)+len(rest) > MaxSummary {
			b.WriteString(rest)
			break
		}
		b.WriteString(separator + cut(text, MaxSummary-b.Len()-len(separator)-len(rest)))
	}
	return b.String()
}

func subject(g *issuer.Request) string {
	if g.SPIFFEID != (spiffeid.ID{}) {
		return g.SPIFFEID.String()
	}
	return strings.Join(g.DNSNames, ", ")
}
