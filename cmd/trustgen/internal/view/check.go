package view

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/trustgen/trustgen/ca"
	"github.com/trustgen/trustgen/cmd/trustgen/internal/term"
	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer"
)

// Check is the result of check csr: a decision with a rule and a grant, or with reasons.
type Check struct {
	Allowed   bool          `json:"allowed"`
	Request   string        `json:"request"`
	Issuer    string        `json:"issuer"`
	Requester string        `json:"requester"`
	Rule      string        `json:"rule,omitempty"`
	Grant     *CheckGrant   `json:"grant,omitempty"`
	Reasons   []CheckReason `json:"reasons,omitempty"`
}

// CheckGrant is what is signed.
type CheckGrant struct {
	SPIFFEID string   `json:"spiffeID,omitempty"`
	DNSNames []string `json:"dnsNames,omitempty"`
	Usages   []string `json:"usages"`
	Lifetime string   `json:"lifetime"`
	// Requested is the requested lifetime, empty for the default.
	Requested string `json:"askedLifetime,omitempty"`
	Key       string `json:"key"`
}

// CheckReason is a check that failed.
type CheckReason struct {
	Check csr.Check `json:"check"`
	// Rule is empty for a reason in the request itself.
	Rule   string `json:"rule,omitempty"`
	Detail string `json:"detail"`
}

// NewCheck is the view of a decision about a request of a name.
func NewCheck(name string, request csr.Request, issuerName string, d csr.Decision) Check {
	result := Check{Allowed: d.Allowed(), Request: name, Issuer: issuerName, Requester: request.Requester.Username, Rule: d.Rule}
	if d.Allowed() {
		result.Grant = newCheckGrant(d.Grant, request.Lifetime)
	}
	for _, reason := range d.Reasons {
		result.Reasons = append(result.Reasons, CheckReason(reason))
	}
	return result
}

func newCheckGrant(g *issuer.Request, requested time.Duration) *CheckGrant {
	grant := &CheckGrant{DNSNames: g.DNSNames, Lifetime: g.Lifetime.String(), Key: ca.DescribeKey(g.PublicKey)}
	if g.SPIFFEID != (spiffeid.ID{}) {
		grant.SPIFFEID = g.SPIFFEID.String()
	}
	if requested > 0 {
		grant.Requested = requested.String()
	}
	for _, usage := range g.ExtKeyUsages {
		grant.Usages = append(grant.Usages, authUsage(usage))
	}
	return grant
}

// authUsage is a usage as Kubernetes and the policy write it.
func authUsage(usage x509.ExtKeyUsage) string {
	switch usage {
	case x509.ExtKeyUsageServerAuth:
		return "server auth"
	case x509.ExtKeyUsageClientAuth:
		return "client auth"
	}
	return usage.String()
}

// Table implements [Result].
func (r Check) Table(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	outcome, rows := "refused", [][2]string{{"request", r.Request}, {"issuer", r.Issuer}, {"requester", r.Requester}}
	if r.Allowed {
		outcome, rows = "allowed", append(rows, [2]string{"rule", r.Rule})
		rows = append(rows, r.Grant.rows()...)
	}
	fmt.Fprintln(tw, outcome)
	for _, row := range rows {
		fmt.Fprintf(tw, "  %s\t%s\n", row[0], term.Printable(row[1]))
	}
	if len(r.Reasons) > 0 {
		fmt.Fprint(tw, "\nRULE\tCHECK\tREASON\n")
	}
	for _, reason := range r.Reasons {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", term.Printable(cmp.Or(reason.Rule, "-")), reason.Check, term.Printable(reason.Detail))
	}
	return tw.Flush()
}

func (g *CheckGrant) rows() [][2]string {
	name := [2]string{"identity", g.SPIFFEID}
	if g.SPIFFEID == "" {
		name = [2]string{"DNS names", strings.Join(g.DNSNames, ", ")}
	}
	lifetime := g.Lifetime
	if g.Requested != "" && g.Requested != g.Lifetime {
		lifetime += ", requested " + g.Requested
	}
	return [][2]string{name, {"usages", strings.Join(g.Usages, ", ")}, {"lifetime", lifetime}, {"key", g.Key}}
}
