package csr

import (
	"fmt"
	"strings"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/issuer"
)

// MaxSummary is how many bytes [Decision.Summary] has at most.
const MaxSummary = 1024

// Decision is the answer to a request. The zero Decision refuses.
type Decision struct {
	// Grant is what may be asked of a CA, and nothing beyond. It is nil when the request
	// is refused.
	Grant *issuer.Request
	// Rule is the name of the rule that allows it, empty when the request is refused.
	Rule string
	// Reasons say why the request is refused: first those of the request itself, then
	// those of each rule in its order. There are none when it is allowed.
	Reasons []Reason
}

// Allowed reports whether there is a grant.
func (d Decision) Allowed() bool { return d.Grant != nil }

// Summary says it all in one line of printable ASCII with at most [MaxSummary] bytes, as
// the message of a condition, say.
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
