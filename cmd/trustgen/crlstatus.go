package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/trustgen/trustgen/secrets"
	"github.com/trustgen/trustgen/secrets/fabric"
)

type crlStatusCommand struct {
	*terminal
	dir    string
	within endFlag
	output outputFlag
}

func newCRLStatus(t *terminal) *cobra.Command {
	c := &crlStatusCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show the CAs of the mesh and their CRLs: who is due when",
		Example: `  trustgen crl status

  # In a job that has to be heard a week ahead
  trustgen crl status --quiet --within 7d

  # For a program
  trustgen crl status -o json`,
		Long: `What a CRL that is missing or has expired does, where CRLs are published:

  Envoy     refuses every chain in which the CA stands
  istiod    refuses to take, and to start with, a set that lacks the CRL of a CA in its
            own chain; it does not look at the time of a CRL
  ztunnel   goes on as if nothing of the CA were revoked

Expired CAs are not shown: no proxy takes their chains. The exit code is 1 where CRLs
are published and one is missing or has expired, or with --within ends before its CA
and within that time; and, published or not, if the intermediate that a cluster has, the
CA that issues or one above it is revoked.`,
		Args: noArgs,
		RunE: c.run,
	}
	addDir(cmd, &c.dir)
	cmd.Flags().Var(&c.within, "within", "end with 1 also if a CRL that is needed ends before that `time`: a duration such as 7d, or a time in RFC 3339")
	addOutput(cmd, &c.output, "table", "yaml", "json")
	return cmd
}

type crlStatusResult struct {
	Publishes   bool             `json:"publishes"`
	Authorities []crlStatusEntry `json:"authorities"`
	// Behind are the clusters whose sets lack a CRL that is here.
	Behind []string `json:"behind,omitempty"`
}

type crlStatusEntry struct {
	Cluster     string             `json:"cluster,omitempty"`
	Standing    fabric.Standing    `json:"standing"`
	Revocation  *revocationResult  `json:"revocation,omitempty"`
	InUse       bool               `json:"inUse"`
	KeyHere     bool               `json:"keyHere"`
	SignsCRLs   bool               `json:"signsCRLs"`
	CRLState    fabric.CRLState    `json:"crlState"`
	CRL         *crlResult         `json:"crl,omitempty"`
	Certificate *certificateResult `json:"certificate"`
	// Effects are what it does on each data plane that the CRL is missing or has expired.
	Effects *crlEffects `json:"effects,omitempty"`
}

type revocationResult struct {
	Reason string `json:"reason"`
	At     string `json:"at"`
}

type crlResult struct {
	Number     string `json:"number"`
	ThisUpdate string `json:"thisUpdate"`
	NextUpdate string `json:"nextUpdate"`
	Revoked    int    `json:"revoked"`
}

type crlEffects struct {
	Envoy   string `json:"envoy"`
	Istiod  string `json:"istiod"`
	Ztunnel string `json:"ztunnel"`
}

func newCRLEffects(a fabric.Authority) *crlEffects {
	e := &crlEffects{Envoy: "refuses every chain with this CA", Istiod: "does not look at the time", Ztunnel: "takes it for none: nothing of this CA is revoked"}
	switch {
	case !a.CRLState.Lacks():
		return nil
	case a.CRLState == fabric.CRLExpired:
		return e
	case a.Standing == fabric.StandingRoot || a.Standing == fabric.StandingIssuing:
		e.Istiod = "refuses the set in every cluster, and does not start again with it"
	default:
		e.Istiod = "refuses the set in the cluster that has this CA, and does not start again with it"
	}
	e.Ztunnel = "goes on: nothing of this CA is revoked"
	return e
}

func (c *crlStatusCommand) run(cmd *cobra.Command, _ []string) error {
	f, err := openFabric(cmd, c.terminal, c.dir, nil)
	if err != nil {
		return &lookError{err}
	}
	found, err := f.Authorities(cmd.Context())
	if err != nil {
		return &lookError{err}
	}
	if err := c.print(found); err != nil {
		return err
	}
	if c.output.format == "table" {
		c.tell(found)
	}
	if !found.Publishes {
		c.note("CRLs are not published: no cluster has any, and nothing that is revoked is refused")
	}
	return c.findings(f, found)
}

// findings are what the exit code is about.
func (c *crlStatusCommand) findings(f *fabric.Fabric, found fabric.Authorities) error {
	for _, a := range found.All {
		if a.InUse && a.Standing == fabric.StandingRevoked {
			return &revokedInUseError{f.Dir(), a}
		}
	}
	if !found.Publishes {
		return nil
	}
	if len(found.Missing) > 0 {
		return &fabric.IncompleteError{Dir: f.Dir(), Missing: found.Missing}
	}
	if len(found.Behind) > 0 {
		return &behindError{f.Dir(), found.Behind}
	}
	until := c.within.from(c.Now())
	for _, a := range found.All {
		if a.CRL == nil || a.Standing == fabric.StandingRevoked || !a.CRL.NextUpdate.Before(a.Certificate.NotAfter) {
			continue // it is not needed any more when it ends
		}
		if a.CRL.NextUpdate.Before(until) {
			return &endingCRLError{f.Dir(), a}
		}
	}
	return nil
}

// behindError says that the sets of some clusters are not what they should be.
type behindError struct {
	dir      string
	clusters []string
}

func (e *behindError) Error() string {
	return fmt.Sprintf("%s: %s of cluster %s lacks CRLs that are here", e.dir, secrets.CACRLFile, strings.Join(e.clusters, ", "))
}

// endingCRLError says that a CRL that is needed ends sooner than is wanted.
type endingCRLError struct {
	dir string
	ca  fabric.Authority
}

func (e *endingCRLError) Error() string {
	return fmt.Sprintf("%s: the CRL of %s ends at %s", e.dir, e.ca.Certificate.Subject, formatTime(e.ca.CRL.NextUpdate))
}

// revokedInUseError says that chains that are made now have a CA that is revoked.
type revokedInUseError struct {
	dir string
	ca  fabric.Authority
}

func (e *revokedInUseError) Error() string {
	if e.ca.Cluster == "" {
		return fmt.Sprintf("%s: %s is revoked, and stands above the clusters", e.dir, e.ca.Certificate.Subject)
	}
	return fmt.Sprintf("%s: %s is revoked, and is what cluster %s has", e.dir, e.ca.Certificate.Subject, e.ca.Cluster)
}

// tell says what follows from what is wrong.
func (c *crlStatusCommand) tell(found fabric.Authorities) {
	for _, a := range found.All {
		if !a.SignsCRLs {
			c.warn("%s cannot sign CRLs: nothing that it issued can be revoked", a.Certificate.Subject)
		}
		if !found.Publishes {
			continue
		}
		if e := newCRLEffects(a); e != nil {
			c.warn("%s: its CRL is %s. Envoy %s; istiod %s; ztunnel %s", a.Certificate.Subject, a.CRLState, e.Envoy, e.Istiod, e.Ztunnel)
		}
		if a.CRLState != fabric.CRLDue {
			continue
		}
		remedy := "bring the next one: 'trustgen crl import FILE" + dirFlag(c.dir) + "'"
		if a.KeyHere {
			remedy = "'trustgen crl refresh" + dirFlag(c.dir) + "' signs the next one"
		}
		c.warn("%s: its CRL ends at %s; %s", a.Certificate.Subject, formatTime(a.CRL.NextUpdate), remedy)
	}
}

func (c *crlStatusCommand) print(found fabric.Authorities) error {
	result := crlStatusResult{Publishes: found.Publishes, Behind: found.Behind}
	rows := [][]string{{"CLUSTER", "SUBJECT", "STANDING", "NOT AFTER", "KEY", "CRL", "NUMBER", "NEXT UPDATE", "REVOKES"}}
	for _, a := range found.All {
		entry := crlStatusEntry{
			Cluster: a.Cluster, Standing: a.Standing, InUse: a.InUse, KeyHere: a.KeyHere, SignsCRLs: a.SignsCRLs, CRLState: a.CRLState,
			Certificate: newCertificateResult(a.Certificate), Effects: newCRLEffects(a),
		}
		row := []string{"-", entry.Certificate.Subject, string(a.Standing), entry.Certificate.NotAfter, "elsewhere", string(a.CRLState), "-", "-", "-"}
		if a.Cluster != "" {
			row[0] = a.Cluster
		}
		if a.KeyHere {
			row[4] = "here"
		}
		if !a.SignsCRLs {
			row[5] += ", cannot sign"
		}
		if a.Revocation != nil {
			entry.Revocation = &revocationResult{a.Revocation.Reason.String(), formatTime(a.Revocation.At)}
		}
		if a.CRL != nil {
			entry.CRL = &crlResult{a.CRL.Number.String(), formatTime(a.CRL.ThisUpdate), formatTime(a.CRL.NextUpdate), a.CRL.Revoked}
			copy(row[6:], []string{entry.CRL.Number, entry.CRL.NextUpdate, strconv.Itoa(a.CRL.Revoked)})
		}
		result.Authorities = append(result.Authorities, entry)
		rows = append(rows, row)
	}
	return c.output.print(c.Out, result, func(w io.Writer) error { return printTable(w, rows) })
}
