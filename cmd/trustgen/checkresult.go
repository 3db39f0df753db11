package main

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
	"github.com/trustgen/trustgen/csr"
	"github.com/trustgen/trustgen/issuer"
)

// checkResult is a decision. It has a rule and a grant, or reasons.
type checkResult struct {
	Allowed   bool          `json:"allowed"`
	Request   string        `json:"request"`
	Issuer    string        `json:"issuer"`
	Requester string        `json:"requester"`
	Rule      string        `json:"rule,omitempty"`
	Grant     *checkGrant   `json:"grant,omitempty"`
	Reasons   []checkReason `json:"reasons,omitempty"`
}

type checkGrant struct {
	SPIFFEID string   `json:"spiffeID,omitempty"`
	DNSNames []string `json:"dnsNames,omitempty"`
	Usages   []string `json:"usages"`
	Lifetime string   `json:"lifetime"`
	// Asked is the lifetime that was asked for, empty for none in particular.
	Asked string `json:"askedLifetime,omitempty"`
	Key   string `json:"key"`
}

type checkReason struct {
	Check csr.Check `json:"check"`
	// Rule is empty when the reason lies in the request itself.
	Rule   string `json:"rule,omitempty"`
	Detail string `json:"detail"`
}

func newCheckResult(asked *petition, issuerName string, d csr.Decision) checkResult {
	result := checkResult{Allowed: d.Allowed(), Request: asked.name, Issuer: issuerName, Requester: asked.request.Requester.Username, Rule: d.Rule}
	if d.Allowed() {
		result.Grant = newCheckGrant(d.Grant, asked.request.Lifetime)
	}
	for _, reason := range d.Reasons {
		result.Reasons = append(result.Reasons, checkReason(reason))
	}
	return result
}

func newCheckGrant(g *issuer.Request, asked time.Duration) *checkGrant {
	grant := &checkGrant{DNSNames: g.DNSNames, Lifetime: g.Lifetime.String(), Key: ca.DescribeKey(g.PublicKey)}
	if g.SPIFFEID != (spiffeid.ID{}) {
		grant.SPIFFEID = g.SPIFFEID.String()
	}
	if asked > 0 {
		grant.Asked = asked.String()
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

// table writes what people read: the verdict first.
func (r checkResult) table(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	verdict, rows := "refused", [][2]string{{"request", r.Request}, {"issuer", r.Issuer}, {"requester", r.Requester}}
	if r.Allowed {
		verdict, rows = "allowed", append(rows, [2]string{"rule", r.Rule})
		rows = append(rows, r.Grant.rows()...)
	}
	fmt.Fprintln(tw, verdict)
	for _, row := range rows {
		fmt.Fprintf(tw, "  %s\t%s\n", row[0], printable(row[1]))
	}
	if len(r.Reasons) > 0 {
		fmt.Fprint(tw, "\nRULE\tCHECK\tREASON\n")
	}
	for _, reason := range r.Reasons {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", printable(cmp.Or(reason.Rule, "-")), reason.Check, printable(reason.Detail))
	}
	return tw.Flush()
}

func (g *checkGrant) rows() [][2]string {
	name := [2]string{"identity", g.SPIFFEID}
	if g.SPIFFEID == "" {
		name = [2]string{"DNS names", strings.Join(g.DNSNames, ", ")}
	}
	lifetime := g.Lifetime
	if g.Asked != "" && g.Asked != g.Lifetime {
		lifetime += ", of " + g.Asked + " asked for"
	}
	return [][2]string{name, {"usages", strings.Join(g.Usages, ", ")}, {"lifetime", lifetime}, {"key", g.Key}}
}
