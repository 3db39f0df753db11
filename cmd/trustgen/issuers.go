package main

import (
	"cmp"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trustgen/trustgen/issuer/v1alpha1"
)

type issuersCommand struct {
	*terminal
	kubernetes kubernetesFlags
	output     outputFlag
}

func newIssuers(t *terminal) *cobra.Command {
	c := &issuersCommand{terminal: t}
	cmd := &cobra.Command{
		Use:   "issuers",
		Short: "Show the issuers of a cluster, and how they stand",
		Example: `  trustgen issuers

  # For a program
  trustgen issuers -o json`,
		Long: `It shows what the controller has written: whether an issuer signs, and the CA that
it signs with, as far as that is known without a signature. One that is not ready may
still sign with what was good before; what is wrong goes to stderr.`,
		Args: noArgs,
		RunE: c.run,
	}
	addKubernetes(cmd, &c.kubernetes)
	addOutput(cmd, &c.output, "table", "yaml", "json")
	return cmd
}

type issuersResult struct {
	Issuers []issuerEntry `json:"issuers"`
}

// issuerEntry is one issuer. Namespace is that of a TrustIssuer.
type issuerEntry struct {
	Kind      string                 `json:"kind"`
	Namespace string                 `json:"namespace,omitempty"`
	Name      string                 `json:"name"`
	Backend   string                 `json:"backend"`
	Ready     metav1.ConditionStatus `json:"ready"`
	Reason    string                 `json:"reason"`
	Message   string                 `json:"message,omitempty"`
	CA        *v1alpha1.CAStatus     `json:"ca,omitempty"`
	// DaysLeft are the whole days until the CA ends, absent where it is not known.
	DaysLeft *int `json:"daysLeft,omitempty"`
}

func (c *issuersCommand) run(cmd *cobra.Command, _ []string) error {
	reader, err := c.kubernetes.reader()
	if err != nil {
		return &lookError{err}
	}
	var ofCluster v1alpha1.TrustClusterIssuerList
	if err := reader.List(cmd.Context(), &ofCluster); err != nil {
		return &lookError{fmt.Errorf("list the TrustClusterIssuers: %w", err)}
	}
	var ofNamespaces v1alpha1.TrustIssuerList
	if err := reader.List(cmd.Context(), &ofNamespaces); err != nil {
		return &lookError{fmt.Errorf("list the TrustIssuers: %w", err)}
	}
	result := issuersResult{Issuers: []issuerEntry{}}
	for i := range ofCluster.Items {
		o := &ofCluster.Items[i]
		result.Issuers = append(result.Issuers, c.entry(v1alpha1.KindTrustClusterIssuer, &o.ObjectMeta, &o.Spec, &o.Status))
	}
	for i := range ofNamespaces.Items {
		o := &ofNamespaces.Items[i]
		result.Issuers = append(result.Issuers, c.entry(v1alpha1.KindTrustIssuer, &o.ObjectMeta, &o.Spec, &o.Status))
	}
	return c.print(result)
}

// reasonNotSeen is that of an issuer at which, as it is now, no controller has looked.
const reasonNotSeen = "NotSeenByController"

func (c *issuersCommand) entry(kind string, m *metav1.ObjectMeta, spec *v1alpha1.IssuerSpec, status *v1alpha1.IssuerStatus) issuerEntry {
	e := issuerEntry{
		Kind: kind, Namespace: m.Namespace, Name: m.Name, Backend: backendName(&spec.Backend),
		Ready: metav1.ConditionUnknown, Reason: reasonNotSeen, CA: status.CA,
	}
	if ready := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionReady); ready != nil && ready.ObservedGeneration == m.Generation {
		e.Ready, e.Reason, e.Message = ready.Status, ready.Reason, ready.Message
	}
	if status.CA != nil {
		days := int(status.CA.NotAfter.Sub(c.Now()) / day)
		e.DaysLeft = &days
	}
	return e
}

// backendName is the field that is set. An API server lets there be exactly one.
func backendName(b *v1alpha1.Backend) string {
	switch {
	case b.CA != nil:
		return "ca"
	case b.Ephemeral != nil:
		return "ephemeral"
	case b.CFSSL != nil:
		return "cfssl"
	}
	return ""
}

func (c *issuersCommand) print(result issuersResult) error {
	rows := [][]string{{"NAME", "KIND", "BACKEND", "READY", "REASON", "CA", "DAYS LEFT"}}
	for i := range result.Issuers {
		rows = append(rows, result.Issuers[i].row())
	}
	if err := c.output.print(c.Out, result, func(w io.Writer) error { return printTable(w, rows) }); err != nil {
		return err
	}
	if len(result.Issuers) == 0 {
		c.note("the cluster has no issuers")
	}
	for i := range result.Issuers {
		if e := &result.Issuers[i]; e.Ready != metav1.ConditionTrue && e.Message != "" {
			c.note("%s: %s", e.path(), printable(e.Message))
		}
	}
	return nil
}

func (e *issuerEntry) path() string {
	if e.Namespace == "" {
		return e.Name
	}
	return e.Namespace + "/" + e.Name
}

func (e *issuerEntry) row() []string {
	subject, days := "-", "-"
	if e.CA != nil {
		subject, days = e.CA.Subject, strconv.Itoa(*e.DaysLeft)
	}
	return []string{e.path(), e.Kind, cmp.Or(e.Backend, "-"), string(e.Ready), e.Reason, subject, days}
}
